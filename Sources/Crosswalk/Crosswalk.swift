// The library: one import gives a Swift program what the command is made of.
@_exported public import CrosswalkFormats
@_exported public import CrosswalkMapping
@_exported public import CrosswalkModel
@_exported public import CrosswalkPipeline
