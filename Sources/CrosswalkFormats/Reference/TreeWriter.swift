package import CrosswalkModel

/// The obvious JSON writer: `Tree` → compact bytes. Non-ASCII stands raw, `/` bare, `\b \f \n \r \t` short, other
/// controls as `\u00xx` in lower case; numbers with their own characters. Also the spelling of values in residue and
/// reject lines.
package enum TreeWriter {
  package static func json(_ tree: Tree) -> [UInt8] {
    var out: [UInt8] = []
    append(tree, to: &out)
    return out
  }

  package static func append(_ tree: Tree, to out: inout [UInt8]) {
    switch tree {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .number(let characters): out += characters
    case .text(let text): append(text: text, to: &out)
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(text: member.name, to: &out)
        out.append(UInt8(ascii: ":"))
        append(member.value, to: &out)
      }
      out.append(UInt8(ascii: "}"))
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(item, to: &out)
      }
      out.append(UInt8(ascii: "]"))
    }
  }

  /// A string with its quotes.
  package static func append(text: some Sequence<UInt8>, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): out += "\\\"".utf8
      case UInt8(ascii: "\\"): out += "\\\\".utf8
      case 0x08: out += "\\b".utf8
      case 0x0c: out += "\\f".utf8
      case 0x0a: out += "\\n".utf8
      case 0x0d: out += "\\r".utf8
      case 0x09: out += "\\t".utf8
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        out += "\\u00".utf8
        out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
