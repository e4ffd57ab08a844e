import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

extension Run {
  func readXML(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
    try decode(stream)
    let judge = EnvelopeJudge(source)
    let candidates = candidates(.xml)
    if try isReplyXML(judge, candidates, stream) { return }
    // One document a line: a list of one record is then a document of one, and more follow.
    let ordered =
      goesOn(stream)
      ? candidates.filter { !($0.template.recordPath?.isRepeated ?? true) } + candidates.filter { $0.template.recordPath?.isRepeated ?? false }
      : candidates
    let namespace = source.names.contains { $0.format == .xml && $0.namespace != nil }
    for attempt in 0... {
      var wantsMore = false
      for (_, template) in ordered {
        guard let path = template.recordPath else { continue }
        guard path.isRepeated else {
          switch fitsDocument(worker, stream, path) {
          case true?: return try readDocuments(worker, stream, path, judge, namespace)
          case nil: wantsMore = true
          case false?: break
          }
          continue
        }
        switch XMLEnvelope.locate(stream.unused, isLast: stream.isLast, path: path, ignoresPrefixes: namespace) {
        case .found(let place):
          let isKnown = place.isEmpty || !path.steps.contains(.anyName) ? true : fits(worker, stream, at: place.runStart)
          if isKnown == true { return try readElements(worker, stream, place, judge, namespace) }
          if isKnown == nil { wantsMore = true }
        case .mismatch: continue
        case .needMore: wantsMore = true
        case .error(let error): throw malformed(error, stream)
        }
      }
      guard wantsMore || attempt == 0, !stream.isLast, stream.unused.count <= job.limits.record + (1 << 20) else { break }
      try stream.refill()
    }
    throw try noXMLMatch(stream)
  }

  private func malformed(_ error: FormatError, _ stream: ByteStream, at offset: Int? = nil) -> Diagnostic {
    Messages.malformed(
      error, source: stream.source.name, offset: offset ?? stream.offset + stream.position, format: .xml, disposition: .fatal)
  }

  /// A document in another encoding than UTF-8 is read whole and turned into it.
  private func decode(_ stream: ByteStream) throws(Diagnostic) {
    let encoding: XMLEncoding
    do throws(FormatError) {
      encoding = try XMLEncoding.detect(stream.unused).encoding
    } catch {
      throw malformed(error, stream)
    }
    guard encoding != .utf8, encoding != .ascii else { return }
    while !stream.isLast {
      guard stream.unused.count <= 256 << 20 else {
        throw Diagnostic(
          .noShape, "`\(stream.source.name)` is too large for its encoding: only UTF-8 streams", at: .init(source: stream.source.name),
          help: "convert it first: `iconv -t UTF-8`, and correct the encoding that its first line declares")
      }
      try stream.refill()
    }
    do throws(FormatError) {
      stream.replaceAll(by: try XMLEncoding.transcode(Array(stream.unused)))
    } catch {
      throw malformed(error, stream)
    }
  }

  // MARK: - Records

  private func parser() -> XMLRecordReader.Parser { job.xmlParser == .libxml2 ? .libxml2 : .auto }

  private func readElements(
    _ worker: BatchWorker, _ stream: ByteStream, _ place: XMLEnvelope.Place, _ judge: EnvelopeJudge, _ namespace: Bool
  ) throws(Diagnostic) {
    let prologue = Array(stream.unused[..<place.runStart])
    stream.position += place.runStart
    let before = summary.records.read
    let parser = parser()
    let end = try records(worker, from: stream) { plan in
      XMLRecordReader(
        layout: plan.sourceLayout, frame: plan.frame, recordName: place.recordName, ancestors: place.ancestors,
        limits: job.limits, mode: .elements, parser: parser, ignoresPrefixes: namespace)
    }
    switch end {
    case .limit: return
    case .notARecord(let error): throw malformed(error, stream, at: stream.offset)
    case .end, .closed: break
    }
    if case .element(let name) = foreignElement(stream) { throw foreign(name, place, stream) }
    // What stands around the records, as one document.
    var rest = prologue
    while true {
      rest += stream.unused
      stream.position = stream.count
      guard rest.count < 2 << 20 else { throw Messages.envelopeTooLarge(source: stream.source.name) }
      if try !stream.refill() { break }
    }
    let document: Tree
    do throws(FormatError) {
      document = try XMLReference.parse(rest, limits: job.limits)
    } catch {
      // Its offset counts as if the records were not there.
      let at = error.offset < prologue.count ? error.offset : stream.offset + stream.count - (rest.count - error.offset)
      throw malformed(FormatError(error.reason, at: 0), stream, at: at)
    }
    try judgeEnvelope(judge, document, hasRecords: summary.records.read > before, stream)
  }

  private enum RunClose { case ending, element(String) }

  /// What stands where the run of records closed: the end of its parent, or an element of another name.
  private func foreignElement(_ stream: ByteStream) -> RunClose {
    let bytes = stream.unused
    guard bytes.count > 1, bytes[0] == UInt8(ascii: "<"), bytes[1] != UInt8(ascii: "/") else { return .ending }
    let name = bytes.dropFirst().prefix { ![0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: "/"), UInt8(ascii: ">")].contains($0) }
    return .element(String(decoding: name, as: UTF8.self))
  }

  private func foreign(_ name: String, _ place: XMLEnvelope.Place, _ stream: ByteStream) -> Diagnostic {
    let at = stream.offset + stream.position
    let expected = place.recordName.map { "`\(String(decoding: $0, as: UTF8.self))`" } ?? "a record"
    return Diagnostic(
      .noShape, "`\(name)` stands among the records, where only \(expected) is expected",
      at: .init(source: stream.source.name, bytes: at..<(at + name.utf8.count + 1)),
      help: "records behind it would be lost, so nothing is written; take the element out, or describe the shape in system.yaml")
  }

  private func readDocuments(
    _ worker: BatchWorker, _ stream: ByteStream, _ path: RecordPath, _ judge: EnvelopeJudge, _ namespace: Bool
  ) throws(Diagnostic) {
    let parser = parser()
    let end = try records(worker, from: stream) { plan in
      XMLRecordReader(
        layout: plan.sourceLayout, frame: plan.frame, limits: job.limits, mode: .documents(path.steps), parser: parser,
        ignoresPrefixes: namespace)
    }
    switch end {
    case .notARecord: throw try noXMLMatch(stream)
    case .closed: throw malformed(FormatError(.unexpectedByte, at: 0), stream)
    case .limit, .end: break
    }
  }

  // MARK: - What the document is

  /// A small document without records that is a reply, or an empty list of another name.
  private func isReplyXML(
    _ judge: EnvelopeJudge, _ candidates: [(shape: Shape, template: Template)], _ stream: ByteStream
  ) throws(Diagnostic) -> Bool {
    if stream.unused.count < 16 << 10 { try stream.refill() }
    guard stream.isLast, stream.unused.count <= 16 << 10, let document = parsedXML(stream) else { return false }
    if candidates.contains(where: { $0.template.recordPath == nil && judge.matches($0.template, document) }) {
      stream.position = stream.count
      return true
    }
    switch judge.judge(document, hasRecords: false) {
    case .records: return false
    case .acknowledgement(let message): summary.acknowledgements.append(message)
    case .noRecords: break
    case .failed(let code, let message):
      throw Messages.errorReply(source: stream.source.name, system: source.name, code: code, message: message)
    }
    stream.position = stream.count
    return true
  }

  private func parsedXML(_ stream: ByteStream) -> Tree? {
    do throws(FormatError) { return try XMLReference.parse(Array(stream.unused), limits: job.limits) } catch { return nil }
  }

  /// Whether the first document is the single one of a path, and shows a field of the system; nil when its beginning does not tell.
  private func fitsDocument(_ worker: BatchWorker, _ stream: ByteStream, _ path: RecordPath) -> Bool? {
    guard let start = XMLEnvelope.rootStart(stream.unused) else { return false }
    return judge(stream, at: start) { root in
      var tree = root
      for step in path.steps {
        guard case .object(let members) = tree else { return false }
        switch step {
        case .name(let name):
          guard let inner = tree[name] else { return false }
          tree = inner
        case .anyName:
          guard let inner = members.first(where: { !$0.name.starts(with: "@".utf8) && !$0.name.starts(with: "#".utf8) }) else { return false }
          tree = inner.value
        case .elements: return false
        }
      }
      return KnownNames(worker.plan.sourceLayout).fits(tree)
    }
  }

  /// Whether another document stands behind the first one.
  private func goesOn(_ stream: ByteStream) -> Bool {
    guard let start = XMLEnvelope.rootStart(stream.unused) else { return false }
    var skipper = XMLSkipper(limits: job.limits)
    let bytes = UnsafeBufferPointer(rebasing: stream.unused[start...])
    guard let base = bytes.baseAddress, case .end(let end) = skipper.element(base, bytes.count) else { return false }
    let rest = bytes[end...].drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    guard rest.count > 1, rest.first == UInt8(ascii: "<") else { return false }
    return ![UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "/")].contains(rest[rest.startIndex + 1])
  }

  /// Whether the record that starts there shows a field of the system; nil when its beginning does not tell.
  private func fits(_ worker: BatchWorker, _ stream: ByteStream, at start: Int) -> Bool? {
    judge(stream, at: start) { root in
      guard case .object(let members) = root, let record = members.first?.value else { return false }
      return KnownNames(worker.plan.sourceLayout).fits(record)
    }
  }

  /// What is said of an element, by as little of it as tells: a beginning with the tags closed that are open in it, then four times as
  /// much. nil where there is no more as yet; false where the element is broken.
  private func judge(_ stream: ByteStream, at start: Int, _ holds: (Tree) -> Bool) -> Bool? {
    let bytes = UnsafeBufferPointer(rebasing: stream.unused[start...])
    var size = 16 << 10
    while true {
      let part = UnsafeBufferPointer(rebasing: bytes.prefix(size))
      guard let beginning = XMLEnvelope.beginning(part) else { return false }
      do throws(FormatError) {
        if holds(try XMLReference.parse(beginning.text, limits: job.limits)) { return true }
      } catch {
        return false
      }
      if beginning.isWhole { return false }
      if part.count == bytes.count { return stream.isLast ? false : nil }
      size *= 4
    }
  }

  private func noXMLMatch(_ stream: ByteStream) throws(Diagnostic) -> Diagnostic {
    while !stream.isLast, stream.unused.count < 1 << 20 { try stream.refill() }
    do throws(FormatError) {
      let document = try XMLReference.parse(Array(stream.unused.prefix(4 << 20)), limits: job.limits)
      return Messages.noMatch(
        source: stream.source.name, system: source.name, format: .xml, candidates: owners(of: document), isNDJSON: false)
    } catch {
      guard stream.isLast else {
        return Messages.noMatch(source: stream.source.name, system: source.name, format: .xml, candidates: [], isNDJSON: false)
      }
      return malformed(error, stream)
    }
  }
}

extension KnownNames {
  /// Whether a record in `any` notation holds a field.
  func fits(_ record: Tree) -> Bool {
    guard case .object(let members) = record else { return false }
    return members.contains { has($0.name) }
  }
}

extension XMLEnvelope {
  /// The element that starts there as far as the bytes go, behind the last whole tag, with end tags for what is open; nil when tags are
  /// out of order. `isWhole`: it ends in them.
  static func beginning(_ bytes: UnsafeBufferPointer<UInt8>) -> (text: [UInt8], isWhole: Bool)? {
    var open: [Range<Int>] = []
    var end = 0
    var i = 0
    func find(_ mark: StaticString, from: Int) -> Int? {
      let count = mark.utf8CodeUnitCount
      var at = from
      while at + count <= bytes.count {
        if (0..<count).allSatisfy({ bytes[at + $0] == mark.utf8Start[$0] }) { return at + count }
        at += 1
      }
      return nil
    }
    scan: while let less = bytes[i...].firstIndex(of: UInt8(ascii: "<")), less + 1 < bytes.count {
      switch bytes[less + 1] {
      case UInt8(ascii: "!"):
        let isSection = less + 2 < bytes.count && bytes[less + 2] == UInt8(ascii: "[")
        guard let next = find(isSection ? "]]>" : "-->", from: less + 2) else { break scan }
        i = next
      case UInt8(ascii: "?"):
        guard let next = find("?>", from: less + 2) else { break scan }
        i = next
      case UInt8(ascii: "/"):
        guard let next = find(">", from: less + 2) else { break scan }
        guard open.popLast() != nil else { return nil }
        (i, end) = (next, next)
        if open.isEmpty { return (Array(bytes[..<end]), true) }
      default:
        var close = less + 1
        var quote: UInt8 = 0
        while close < bytes.count, quote != 0 || bytes[close] != UInt8(ascii: ">") {
          let byte = bytes[close]
          if quote != 0 { if byte == quote { quote = 0 } } else if byte == 0x22 || byte == 0x27 { quote = byte }
          close += 1
        }
        guard close < bytes.count else { break scan }
        (i, end) = (close + 1, close + 1)
        if bytes[close - 1] == UInt8(ascii: "/") {
          if open.isEmpty { return (Array(bytes[..<end]), true) }
        } else {
          let name = bytes[(less + 1)..<close].firstIndex { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? close
          open.append((less + 1)..<name)
        }
      }
    }
    // Nothing of it as yet: an empty element says as much.
    guard end > 0 else { return (Array("<x/>".utf8), false) }
    return (open.reversed().reduce(into: Array(bytes[..<end])) { $0 += Array("</".utf8) + bytes[$1] + Array(">".utf8) }, false)
  }

  /// The root element's `<`, behind the declaration, comments and PIs.
  static func rootStart(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var i = 0
    while i + 1 < bytes.count {
      guard bytes[i] == UInt8(ascii: "<") else {
        i += 1
        continue
      }
      let next = bytes[i + 1]
      guard next == UInt8(ascii: "?") || next == UInt8(ascii: "!") else { return i }
      let isComment = next == UInt8(ascii: "!")
      let close = Array((isComment ? "-->" : "?>").utf8)
      var end = i + 2
      while end + close.count <= bytes.count, !bytes[end..<(end + close.count)].elementsEqual(close) { end += 1 }
      guard end + close.count <= bytes.count else { return nil }
      i = end + close.count
    }
    return nil
  }
}
