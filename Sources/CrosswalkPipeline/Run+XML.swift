import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

extension Run {
  func readXML(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
  }
}
