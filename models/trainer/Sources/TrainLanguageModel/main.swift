import Glibc

exit(TrainCommand.run(Array(CommandLine.arguments.dropFirst())))
