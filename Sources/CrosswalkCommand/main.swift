import Crosswalk
import Glibc

TemporaryFiles.removeOnSignals()
var call = CommandLineRun(arguments: Array(CommandLine.arguments.dropFirst()))
exit(call.status())
