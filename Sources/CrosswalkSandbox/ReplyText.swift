import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// The documents of replies that are no records: texts of a description with `$names` in them.
enum ReplyText {
  typealias Values = (String) -> Tree?

  /// The tree with each `$name` replaced; a text that is nothing but one name becomes the value, with its kind.
  static func filled(_ tree: Tree, _ values: Values) -> Tree {
    switch tree {
    case .null, .bool, .number: tree
    case .text(let text): filled(text, values)
    case .array(let items): .array(items.map { filled($0, values) })
    case .object(let members): .object(members.map { .init($0.name, filled($0.value, values)) })
    }
  }

  static func filled(_ text: String, _ values: Values) -> String {
    String(decoding: RecordCodec.literal(filled(Array(text.utf8), values)), as: UTF8.self)
  }

  private static func filled(_ text: [UInt8], _ values: Values) -> Tree {
    var out: [UInt8] = []
    var i = 0
    while i < text.count {
      guard text[i] == UInt8(ascii: "$") else {
        out.append(text[i])
        i += 1
        continue
      }
      var end = i + 1
      while end < text.count, isNameByte(text[end]) { end += 1 }
      // `$city,`: a name ends with a letter or a digit.
      while end > i + 1, text[end - 1] == UInt8(ascii: "-") || text[end - 1] == UInt8(ascii: ".") { end -= 1 }
      let name = String(decoding: text[(i + 1)..<end], as: UTF8.self)
      guard !name.isEmpty, let value = values(name) else {
        out.append(text[i])
        i += 1
        continue
      }
      if i == 0, end == text.count { return value }
      out += RecordCodec.literal(value)
      i = end
    }
    return .text(out)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// A document; a text alone is itself.
  static func bytes(_ tree: Tree, _ format: Format) -> [UInt8] {
    if case .text(let text) = tree { return text }
    guard format == .xml else { return JSONTree.bytes(tree) }
    var out = OutputBuffer()
    switch tree {
    case .object(let members) where members.count == 1 && !members[0].value.isList: element(members[0].name, members[0].value, &out)
    // A document has one root.
    case .object: element(Array("reply".utf8), tree, &out)
    default: element(Array("items".utf8), .object([.init("item", tree)]), &out)
    }
    return Array(out.bytes)
  }

  /// Members named `@x` are attributes, `#text` is the element's own text, a list repeats its element.
  private static func element(_ name: [UInt8], _ value: Tree, _ out: inout OutputBuffer) {
    if case .array(let items) = value {
      for item in items { element(name, item, &out) }
      return
    }
    out.append(UInt8(ascii: "<"))
    out.append(name)
    guard case .object(let members) = value else {
      out.append(UInt8(ascii: ">"))
      text(RecordCodec.literal(value), .text, &out)
      return close(name, &out)
    }
    for member in members where member.name.first == UInt8(ascii: "@") {
      out.append(UInt8(ascii: " "))
      out.append(Array(member.name.dropFirst()))
      out.append("=\"")
      text(RecordCodec.literal(member.value), .attribute, &out)
      out.append(UInt8(ascii: "\""))
    }
    out.append(UInt8(ascii: ">"))
    for member in members where member.name.first != UInt8(ascii: "@") {
      if member.name.elementsEqual("#text".utf8) { text(RecordCodec.literal(member.value), .text, &out) } else { element(member.name, member.value, &out) }
    }
    close(name, &out)
  }

  private static func close(_ name: [UInt8], _ out: inout OutputBuffer) {
    out.append("</")
    out.append(name)
    out.append(UInt8(ascii: ">"))
  }

  private static func text(_ bytes: [UInt8], _ escaping: XMLText.Escaping, _ out: inout OutputBuffer) {
    let bytes = withoutControls(bytes)
    bytes.withUnsafeBufferPointer { source in try? XMLText.escape(source, as: escaping, into: &out) }
  }

  /// With U+FFFD for each character that no XML document can hold.
  static func withoutControls(_ text: [UInt8]) -> [UInt8] {
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
      scalar.value < 0x20 && ![0x09, 0x0a, 0x0d].contains(scalar.value) || scalar.value == 0xfffe || scalar.value == 0xffff
    }
    let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
    guard scalars.contains(where: isControl) else { return text }
    var clean = String.UnicodeScalarView()
    for scalar in scalars { clean.append(isControl(scalar) ? "\u{fffd}" : scalar) }
    return Array(String(clean).utf8)
  }
}

extension Tree {
  fileprivate var isList: Bool { if case .array = self { true } else { false } }
}
