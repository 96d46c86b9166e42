import Glibc

exit(CalibrateCommand.run(Array(CommandLine.arguments.dropFirst())))
