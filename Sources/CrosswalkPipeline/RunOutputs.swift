import CrosswalkFiles
import CrosswalkFormats
import CrosswalkModel
import CrosswalkRoute

/// The files of a run: the output, the residue, the rejects. Each appears complete under its name, or not at all.
final class RunOutputs {
  let output: OutputFile
  let residue: OutputFile?
  let rejects: OutputFile?
  let isDry: Bool
  /// The residue was asked for by name: it is there also when nothing was parked.
  var isResidueNamed = false
  /// Nothing but rejects is written any more: the output is refused.
  private(set) var isStopped = false
  private(set) var hasResidue = false
  private(set) var hasRejects = false
  private var opening: [UInt8] = []
  private var separator: [UInt8] = []
  private var closing: [UInt8] = []
  private var empty: [UInt8] = []
  private var isPrepared = false
  private var pending: [UInt8] = []
  private var line = OutputBuffer()

  var keepsResidue: Bool { residue != nil && !isDry }
  var writesRejects: Bool { rejects != nil && !isDry }

  init(output: OutputFile, residue: OutputFile?, rejects: OutputFile?, isDry: Bool) {
    self.output = output
    self.residue = residue
    self.rejects = rejects
    self.isDry = isDry
  }

  /// The document around the records, which every worker's writer spells the same.
  func prepare(_ writer: any RecordWriter, from: String, to: String) {
    guard !isPrepared else { return }
    isPrepared = true
    (opening, separator, closing, empty) = (writer.opening, writer.separator, writer.closing, writer.empty)
  }

  /// The first line of a CSV.
  var header: [UInt8] { opening }

  /// Another opening than the writer had at first: nothing has been written yet.
  func setOpening(_ bytes: [UInt8]) { opening = bytes }

  /// Another end than the writer had at first: it has not been written yet.
  func setEnd(closing: [UInt8], empty: [UInt8]) { (self.closing, self.empty) = (closing, empty) }

  func stop() {
    guard !isStopped else { return }
    isStopped = true
    output.discard()
    residue?.discard()
  }

  func write(_ result: BatchResult, firstRecord: Int, firstWritten: Int, source: BatchWorker.Rules) throws(Diagnostic) {
    guard !isDry else { return }
    if result.written > 0, !isStopped {
      try output.open()
      if firstWritten == 0 { try output.write(opening) }
      // Each record has its separator in front.
      try output.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(result.out.bytes)[(firstWritten == 0 ? separator.count : 0)...]))
    }
    if let residue, !isStopped {
      for piece in result.residue {
        line.removeAll()
        line.append(#"{"from":"#)
        quote(source.from)
        line.append(#","to":"#)
        quote(source.to)
        line.append(#","record":"#)
        line.append(number: firstRecord + piece.record)
        line.append(#","at":"#)
        line.append(number: firstWritten + piece.written)
        if piece.earlier > 0 {
          line.append(#","earlier":"#)
          line.append(number: piece.earlier)
        }
        if piece.equal > 0 {
          line.append(#","equal":"#)
          line.append(number: piece.equal)
        }
        if let print = piece.print {
          line.append(#","print":"#)
          quote(String(decoding: Fingerprint.text(print), as: UTF8.self))
        }
        if let id = piece.bareId {
          line.append(#","sourceId":null,"targetId":"#)
          id.withUnsafeBufferPointer { JSONText.appendString($0, to: &line) }
          line.append(#","parked":{},"original":{},"extra":[],"supplied":[],"via":{},"map":"#)
          quote(source.mapHash)
          line.append("}\n")
        } else {
          line.append(UnsafeBufferPointer(rebasing: result.side.bytes[piece.start..<(piece.start + piece.length)]))
        }
        try append(to: residue)
        hasResidue = true
      }
    }
    if let rejects {
      for piece in result.rejects {
        line.removeAll()
        line.append(#"{"source":"#)
        quote(source.source)
        line.append(#","record":"#)
        line.append(number: firstRecord + piece.record)
        line.append(UnsafeBufferPointer(rebasing: result.side.bytes[piece.start..<(piece.start + piece.length)]))
        try append(to: rejects)
        hasRejects = true
      }
    }
    try flush()
  }

  /// The values around the records that nothing names, as a residue line without a record.
  func writeDocument(
    _ values: [(path: [UInt8], value: Tree)], from: String, to: String, source: String, map: String
  ) throws(Diagnostic) {
    guard let residue, !isDry, !isStopped else { return }
    line.removeAll()
    line.append(#"{"from":"#)
    quote(from)
    line.append(#","to":"#)
    quote(to)
    line.append(#","record":null,"at":null,"source":"#)
    quote(source)
    line.append(#","sourceId":null,"targetId":null,"parked":{"#)
    for (index, (path, value)) in values.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      path.withUnsafeBufferPointer { JSONText.appendString($0, to: &line) }
      line.append(UInt8(ascii: ":"))
      JSONTree.append(value, to: &line)
    }
    line.append(#"},"original":{},"extra":[],"supplied":[],"via":{},"map":"#)
    quote(map)
    line.append("}\n")
    try append(to: residue)
    hasResidue = true
    try flush()
  }

  private var sideBytes: [ObjectIdentifier: [UInt8]] = [:]

  /// Side lines go out in pieces of some size, not one by one.
  private func append(to file: OutputFile) throws(Diagnostic) {
    sideBytes[ObjectIdentifier(file), default: []] += line.bytes
    if sideBytes[ObjectIdentifier(file)]!.count > 256 << 10 { try flush(file) }
  }

  private func flush(_ file: OutputFile) throws(Diagnostic) {
    guard let bytes = sideBytes[ObjectIdentifier(file)], !bytes.isEmpty else { return }
    sideBytes[ObjectIdentifier(file)]!.removeAll(keepingCapacity: true)
    try file.open()
    try file.write(bytes)
  }

  private func flush() throws(Diagnostic) {
    if let residue { try flush(residue) }
    if let rejects { try flush(rejects) }
  }

  private func quote(_ text: String) {
    var text = text
    text.withUTF8 { JSONText.appendString($0, to: &line) }
  }

  /// Completes the document and publishes all files: side files first, the output last.
  func finish(written: Int, hasFailed: Bool) throws(Diagnostic) {
    guard !isDry else { return }
    if hasFailed {
      // Only the rejects are worth having; they say why.
      output.discard()
      residue?.discard()
    } else {
      if written > 0 {
        try output.write(closing)
      } else {
        try output.open()
        try output.write(empty)
      }
      try residue?.finish(isNeeded: hasResidue || isResidueNamed)
      try output.finish()
    }
    try rejects?.finish(isNeeded: hasRejects)
    try rejects?.publish()
    guard !hasFailed else { return }
    try residue?.publish()
    try output.publish()
  }

  func discard() {
    output.discard()
    residue?.discard()
    rejects?.discard()
  }
}
