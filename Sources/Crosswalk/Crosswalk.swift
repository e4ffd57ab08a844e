// The library: one import gives a Swift program what the command is made of. Where to begin: `ConvertJob` (files into files, or
// bytes into bytes), `Clients.read` and `ClientReader` (records of any system as typed values), `Diagnostic` (what goes wrong).
@_exported public import CrosswalkExplain
@_exported public import CrosswalkFiles
@_exported public import CrosswalkFormats
@_exported public import CrosswalkMapping
@_exported public import CrosswalkModel
@_exported public import CrosswalkPipeline
@_exported public import CrosswalkRoute
