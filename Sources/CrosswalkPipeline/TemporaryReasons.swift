import CrosswalkFormats
import CrosswalkModel
extension FormatReason { var diagnostic: Diagnostic { Diagnostic(.usage, "\(self)") } }
