import CrosswalkTerminal
import Glibc

StopSignals.block()
var call = CommandLineRun<Root>(arguments: Array(CommandLine.arguments.dropFirst()))
exit(call.status())
