import CLibXML2
package import CrosswalkModel
import Glibc

/// libxml2, which decides what is XML where our tokenizer does not suffice, and words what is wrong.
///
/// Its guards (RELIABILITY M4, R32): never the network, never entity substitution, never an external DTD; a DOCTYPE is
/// refused; namespace errors are fatal; our own limits on start tags stand in front of it (`XMLSkipper`).
package final class XMLAuthority {
  /// What it said of the last error.
  package private(set) var message: String?

  private let limits: Limits
  private var stack: [XMLNode] = []
  private var run: [UInt8] = []
  private var root: XMLNode?
  private var error: FormatError?

  /// libxml2's tables are made once, before any thread uses them.
  private static let isReady: Bool = {
    xmlInitParser()
    return true
  }()

  package init(limits: Limits = Limits()) {
    precondition(XMLAuthority.isReady)
    self.limits = limits
  }

  /// A whole document. Offsets of errors are in its UTF-8 form (`XMLEncoding.transcode`).
  package func document(_ bytes: [UInt8]) throws(FormatError) -> XMLNode {
    let text = try XMLEncoding.transcode(bytes)
    var skipper = XMLSkipper(limits: limits, isDocument: true)
    _ = text.withUnsafeBufferPointer { skipper.feed($0) }
    guard let (reason, offset) = skipper.excess else { return try parse(text) }
    do throws(FormatError) {
      _ = try parse(Array(text[..<offset]))
    } catch  where error.offset < offset && error.reason != .truncated {
      throw error
    } catch {}
    throw FormatError(reason, at: offset)
  }

  /// A document in UTF-8 whose start tags are known to be within the limits.
  func parse(_ text: [UInt8]) throws(FormatError) -> XMLNode {
    stack.removeAll(keepingCapacity: true)
    run.removeAll(keepingCapacity: true)
    (root, error, message) = (nil, nil, nil)
    guard !text.isEmpty, text.count < Int(Int32.max) else { throw FormatError(.truncated, at: 0) }
    // To libxml2 a zero byte is the end.
    if let zero = text.firstIndex(of: 0) {
      do throws(FormatError) {
        _ = try parse(Array(text[..<zero]))
      } catch  where error.reason != .truncated && error.offset < zero {
        throw error
      } catch {}
      throw FormatError(.forbiddenCharacter, at: zero)
    }
    let isWellFormed = text.withUnsafeBytes { bytes in
      guard let context = xmlCreateMemoryParserCtxt(bytes.baseAddress!, Int32(bytes.count)) else { return false }
      defer { xmlFreeParserCtxt(context) }
      xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue))
      context.pointee.sax.pointee = handler()
      context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
      self.context = context
      defer { self.context = nil }
      xmlParseDocument(context)
      return context.pointee.wellFormed != 0
    }
    if var error {
      if error.offset >= text.count {
        if error.reason == .notWellFormed { error.reason = .truncated }
      } else if text[error.offset] >= 0x80, text.withUnsafeBufferPointer({ XMLName.scalar($0, error.offset) }) == nil {
        // It calls a byte that starts no character a character that is not allowed.
        error.reason = .invalidUTF8
      }
      throw error
    }
    guard isWellFormed, let root else { throw FormatError(.notWellFormed, at: text.count) }
    return root
  }

  /// What libxml2 alone says of a document, its DTD inside allowed: only tests ask (RELIABILITY M5).
  package static func acceptsWithDoctype(_ bytes: [UInt8]) -> Bool {
    precondition(isReady)
    return bytes.withUnsafeBytes { bytes in
      guard let context = xmlNewParserCtxt() else { return false }
      defer { xmlFreeParserCtxt(context) }
      let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
      guard let document = xmlCtxtReadMemory(context, bytes.baseAddress, Int32(bytes.count), nil, nil, Int32(options))
      else {
        return false
      }
      xmlFreeDoc(document)
      return context.pointee.wellFormed != 0
    }
  }

  private func handler() -> xmlSAXHandler {
    var sax = xmlSAXHandler()
    sax.initialized = UInt32(0xdeed_beaf)  // XML_SAX2_MAGIC
    sax.startElementNs = xmlAuthorityStart
    sax.endElementNs = xmlAuthorityEnd
    sax.characters = xmlAuthorityText
    sax.ignorableWhitespace = xmlAuthorityText
    sax.cdataBlock = xmlAuthorityText
    sax.internalSubset = xmlAuthorityDoctype
    sax.serror = xmlAuthorityError
    return sax
  }

  // MARK: - What the callbacks do

  fileprivate var context: xmlParserCtxtPtr?

  fileprivate func start(_ name: [UInt8], _ attributes: [XMLNode.Attribute], _ namespaces: [XMLNode.Attribute]) {
    flush()
    var node = XMLNode(name, attributes: attributes)
    node.namespaces = namespaces
    stack.append(node)
    if name.contains(UInt8(ascii: ":")), XMLText.breaksNamespaces(name) { stop(.namespace) }
    for attribute in attributes
    where attribute.name.contains(UInt8(ascii: ":")) && XMLText.breaksNamespaces(attribute.name) {
      stop(.namespace)
    }
    if stack.count > limits.depth { stop(.tooDeep) }
    if attributes.count > XMLLimits.attributes { stop(.tooManyAttributes) }
  }

  fileprivate func end() {
    flush()
    guard let node = stack.popLast() else { return }
    if stack.isEmpty { root = node } else { stack[stack.count - 1].children.append(.element(node)) }
  }

  fileprivate func text(_ bytes: UnsafeBufferPointer<UInt8>) {
    run += bytes
    if run.count > limits.field { stop(.fieldTooLong) }
  }

  fileprivate func stop(_ reason: FormatReason) {
    report(reason, at: offset, nil)
    if let context { xmlStopParser(context) }
  }

  fileprivate var offset: Int { context.map { max(0, Int(xmlByteConsumed($0))) } ?? 0 }

  fileprivate func report(_ reason: FormatReason, at offset: Int, _ text: String?) {
    guard error == nil else { return }
    error = FormatError(reason, at: offset)
    message = text
  }

  private func flush() {
    guard !run.isEmpty, !stack.isEmpty else { return }
    stack[stack.count - 1].children.append(.text(run))
    run.removeAll(keepingCapacity: true)
  }
}

// MARK: - Callbacks
// At file scope: formed inside a function that is isolated to an actor they would be too (and trap on another thread).

private func authority(_ data: UnsafeMutableRawPointer?) -> XMLAuthority? {
  data.map { Unmanaged<XMLAuthority>.fromOpaque($0).takeUnretainedValue() }
}

private func bytes(_ text: UnsafePointer<xmlChar>?) -> [UInt8] {
  guard let text else { return [] }
  return Array(
    UnsafeBufferPointer(start: text, count: strlen(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))))
}

private func qualified(_ prefix: UnsafePointer<xmlChar>?, _ local: UnsafePointer<xmlChar>?) -> [UInt8] {
  prefix == nil ? bytes(local) : bytes(prefix) + [UInt8(ascii: ":")] + bytes(local)
}

private func xmlAuthorityStart(
  _ data: UnsafeMutableRawPointer?, _ local: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?,
  _ uri: UnsafePointer<xmlChar>?, _ namespaceCount: Int32,
  _ namespaces: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, _ attributeCount: Int32, _ defaulted: Int32,
  _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
) {
  var list: [XMLNode.Attribute] = []
  for i in 0..<Int(attributeCount) {
    guard let attributes, let start = attributes[i * 5 + 3], let end = attributes[i * 5 + 4] else { continue }
    let value = Array(UnsafeBufferPointer(start: start, count: end - start))
    list.append(XMLNode.Attribute(qualified(attributes[i * 5 + 1], attributes[i * 5]), ampersands(value)))
  }
  var bound: [XMLNode.Attribute] = []
  for i in 0..<Int(namespaceCount) {
    guard let prefix = namespaces?[i * 2], let uri = namespaces?[i * 2 + 1] else { continue }
    bound.append(XMLNode.Attribute(bytes(prefix), ampersands(bytes(uri))))
  }
  authority(data)?.start(qualified(prefix, local), list, bound)
}

/// Without entity substitution libxml2 gives every `&` of an attribute as `&#38;`.
private func ampersands(_ value: [UInt8]) -> [UInt8] {
  guard value.contains(UInt8(ascii: "&")) else { return value }
  var text: [UInt8] = []
  var i = 0
  while i < value.count {
    text.append(value[i])
    i += value[i] == UInt8(ascii: "&") && value[i...].starts(with: "&#38;".utf8) ? 5 : 1
  }
  return text
}

private func xmlAuthorityEnd(
  _ data: UnsafeMutableRawPointer?, _ local: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?,
  _ uri: UnsafePointer<xmlChar>?
) {
  authority(data)?.end()
}

private func xmlAuthorityText(_ data: UnsafeMutableRawPointer?, _ text: UnsafePointer<xmlChar>?, _ count: Int32) {
  authority(data)?.text(UnsafeBufferPointer(start: text, count: Int(count)))
}

private func xmlAuthorityDoctype(
  _ data: UnsafeMutableRawPointer?, _ name: UnsafePointer<xmlChar>?, _ id: UnsafePointer<xmlChar>?,
  _ system: UnsafePointer<xmlChar>?
) {
  guard let authority = authority(data) else { return }
  authority.stop(.doctype)
}

private func xmlAuthorityError(_ data: UnsafeMutableRawPointer?, _ error: xmlErrorPtr?) {
  guard let authority = authority(data), let error = error?.pointee else { return }
  let isNamespace = error.domain == Int32(XML_FROM_NAMESPACE.rawValue)
  guard error.level == XML_ERR_FATAL || error.level == XML_ERR_ERROR else { return }
  // Names with odd colons are judged when they are complete.
  if isNamespace, error.code == Int32(XML_NS_ERR_QNAME.rawValue) { return }
  // A namespace name is compared as text; that it is a URI is nobody's business here.
  if error.code == Int32(XML_WAR_NS_URI.rawValue) || error.code == Int32(XML_WAR_NS_URI_RELATIVE.rawValue) { return }
  let text = error.message.flatMap { String(validatingCString: $0) }
  authority.report(isNamespace ? .namespace : reason(error.code), at: authority.offset, text)
  if let context = authority.context { xmlStopParser(context) }
}

private func reason(_ code: Int32) -> FormatReason {
  switch xmlParserErrors(rawValue: UInt32(bitPattern: code)) {
  case XML_ERR_INVALID_HEX_CHARREF, XML_ERR_INVALID_DEC_CHARREF, XML_ERR_INVALID_CHARREF, XML_ERR_ENTITYREF_NO_NAME,
    XML_ERR_ENTITYREF_SEMICOL_MISSING:
    .badReference
  case XML_ERR_INVALID_CHAR: .forbiddenCharacter
  case XML_ERR_UNDECLARED_ENTITY, XML_WAR_UNDECLARED_ENTITY: .unknownEntity
  case XML_ERR_INVALID_ENCODING: .invalidUTF8
  case XML_ERR_UNKNOWN_ENCODING, XML_ERR_UNSUPPORTED_ENCODING, XML_ERR_ENCODING_NAME: .badEncoding
  case XML_ERR_TAG_NAME_MISMATCH: .mismatchedTag
  case XML_ERR_ATTRIBUTE_REDEFINED: .duplicateAttribute
  case XML_ERR_DOCUMENT_EMPTY, XML_ERR_TAG_NOT_FINISHED, XML_ERR_CDATA_NOT_FINISHED, XML_ERR_COMMENT_NOT_FINISHED,
    XML_ERR_PI_NOT_FINISHED:
    .truncated
  default: .notWellFormed
  }
}
