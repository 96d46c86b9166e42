import Glibc

exit(EvaluateCommand.run(Array(CommandLine.arguments.dropFirst())))
