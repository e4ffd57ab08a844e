import Crosswalk
import Glibc

TemporaryFiles.removeOnSignals()
exit(CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst())).status())
