import Crosswalk
import CrosswalkTerminal
import Glibc

TemporaryFiles.removeOnSignals()
var call = CommandLineRun<Root>(arguments: Array(CommandLine.arguments.dropFirst()))
exit(call.status())
