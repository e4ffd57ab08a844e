package import CrosswalkFormats
package import CrosswalkModel
package import CrosswalkYAML

/// A system as its two mapping files say, for the reference interpreter: read straight from the YAML nodes, nothing
/// compiled.
///
/// The interpreter is the second opinion on what a mapping means: it shares the table files and the YAML loader with
/// the compiled plan, and nothing else. It is slow and obvious, works on whole `Tree`s, and keeps no state between
/// records.
package struct ReferenceSystem: Sendable {
  package var name: String
  /// In the file's order, `ndjson` behind `json`.
  package var formats: [Format]
  package var fields: [ReferenceField]
  /// The canonical model: what `or:`, `region` and the literal values refer to.
  package var model: [ReferenceField]
  package var rejectsUnmapped: Bool
  package var isCanonical: Bool { name == "canonical" }

  var ignoresCase: Bool
  var nameRules: [Format: NameRule]
  var xmlNamespace: String?
  var writesNulls: Bool
  var writesEmpties: Bool
  var typeAttribute: String?
  var nilAttribute: String?
  var xmlTypes: [String: String]
  /// Of CSV, read and written; nil is found out on reading and `,` on writing.
  package var delimiter: UInt8?
  /// Formulas in CSV cells have a `'` in front, which is none of the value.
  package var isSpreadsheet = false
  /// What a name means that stands twice in one JSON object.
  package var duplicateNames = DuplicateNames.reject
  package var limits = Limits()
  /// What stands in for values that do not convert: where this system is read, and where it is written.
  package var givenOnReading: [Given: String] = [:]
  package var givenOnWriting: [Given: String] = [:]
  var headerHas: [String]
  /// Form: parameters of the request.
  var requestParameters: [String]
  var options: [String: Option]
  var templates: [ShapeTemplate]
  var replies: ReplyRules
  var tables: ReferenceTables
  var known: [Format: [String: [Place]]] = [:]
  /// Names of objects and lists, as they are written → as they are read too.
  var parentNames: [Format: [String: [String]]] = [:]

  /// A value of a field that does not convert; a region's with the code of its country, or the country's text where it has none.
  package struct Given: Hashable, Sendable {
    package var field: String
    package var value: [UInt8]
    package var country: [UInt8]

    package init(field: String, value: [UInt8], country: [UInt8] = []) {
      self.field = field
      self.value = value
      self.country = country
    }
  }

  package enum DuplicateNames: Sendable { case reject, first, last }

  struct NameRule: Sendable {
    var from: String
    var to: String
    var alsoRead: [String]
  }

  struct Option: Sendable {
    var value: String
    var choices: [String]

    /// The place of the value among the choices.
    var index: Int { choices.firstIndex(of: value) ?? 0 }
  }

  /// A shape's envelope as a tree: the text `$record` stands for the record, a list of one item repeats.
  struct ShapeTemplate: Sendable {
    var shape: Shape
    var format: Format
    var envelope: Tree
    var isWritten: Bool
  }

  struct ReplyRules: Sendable {
    var success: [(path: [PathStep], values: [String])] = []
    var done: [Tree] = []
    var none: (name: String, values: [String])?
    var error: [Tree] = []
    var more: [PathStep]?
    var pages: [PathStep]?
  }

  /// `tables` are the files under `tables/` by their names without the ending; `options` the values chosen for this
  /// system.
  package init(
    systemYAML: YAMLNode, clientYAML: YAMLNode, canonicalYAML: YAMLNode, tables: [String: [UInt8]],
    options: [String: String] = [:]
  ) throws(ReferenceError) {
    try self.init(
      systemYAML: systemYAML, clientYAML: clientYAML, canonicalYAML: canonicalYAML, tables: ReferenceTables(tables),
      options: options)
  }

  package init(
    systemYAML: YAMLNode, clientYAML: YAMLNode, canonicalYAML: YAMLNode, tables: ReferenceTables,
    options chosen: [String: String] = [:]
  ) throws(ReferenceError) {
    name = systemYAML["system"]?.text ?? ""
    formats = []
    for node in systemYAML["formats"]?.items ?? [] {
      guard let format = Format(rawValue: node.text ?? "") else { throw .mapping("formats", node.place) }
      formats.append(format)
      if format == .json { formats.append(.ndjson) }
    }
    ignoresCase = systemYAML["keys"]?.text == "anyCase"
    nameRules = [:]
    for rule in systemYAML["names"]?.entries ?? [] {
      guard let format = Format(rawValue: rule.key.text ?? "") else { throw .mapping("names", rule.key.place) }
      for entry in rule.value.entries ?? [] {
        switch entry.key.text {
        case "read": continue
        case "namespace": xmlNamespace = entry.value.text
        default:
          nameRules[format] = NameRule(
            from: entry.key.text ?? "", to: entry.value.text ?? "", alsoRead: texts(rule.value["read"]))
        }
      }
    }
    writesNulls = systemYAML["write"]?["nulls"]?.text != "omit"
    writesEmpties = systemYAML["write"]?["empties"]?.text != "omit"
    typeAttribute = systemYAML["xml"]?["type"]?.text
    nilAttribute = systemYAML["xml"]?["nil"]?.text
    xmlTypes = [:]
    for entry in systemYAML["xml"]?["types"]?.entries ?? [] { xmlTypes[entry.key.text ?? ""] = entry.value.text }
    delimiter = systemYAML["csv"]?["delimiter"]?.text?.utf8.first
    headerHas = texts(systemYAML["csv"]?["headerHas"])
    requestParameters = texts(systemYAML["form"]?["request"])
    options = [:]
    for entry in systemYAML["options"]?.entries ?? [] {
      let key = entry.key.text ?? ""
      options[key] = Option(value: chosen[key] ?? entry.value["is"]?.text ?? "", choices: texts(entry.value["of"]))
    }
    templates = Self.templates(systemYAML["shapes"])
    replies = Self.replies(systemYAML["replies"])
    rejectsUnmapped = clientYAML["unmapped"]?.text == "reject"
    fields = try (clientYAML["fields"]?.entries ?? []).map(ReferenceField.init)
    model = try (canonicalYAML["fields"]?.entries ?? []).map(ReferenceField.init)
    self.tables = tables
    known = allPlaces()
    parentNames = allParentNames()
  }

  /// The same from the files' bytes.
  package init(
    system: [UInt8], client: [UInt8], canonical: [UInt8], tables: ReferenceTables, options: [String: String] = [:]
  ) throws(Diagnostic) {
    let files = (
      try YAML.parse(system, file: "system.yaml"), try YAML.parse(client, file: "client.yaml"),
      try YAML.parse(canonical, file: "canonical/client.yaml")
    )
    do throws(ReferenceError) {
      try self.init(systemYAML: files.0, clientYAML: files.1, canonicalYAML: files.2, tables: tables, options: options)
    } catch {
      throw Diagnostic(.auditDifference, "the audit does not understand the mapping: \(error)")
    }
  }

  private static func templates(_ node: YAMLNode?) -> [ShapeTemplate] {
    var templates: [ShapeTemplate] = []
    for entry in node?.entries ?? [] {
      guard let shape = Shape(rawValue: entry.key.text ?? "") else { continue }
      func add(_ node: YAMLNode?, isWritten: Bool) {
        for entry in node?.entries ?? [] {
          guard let format = Format(rawValue: entry.key.text ?? "") else { continue }
          // Under `read:` a format has a list of templates; a list of one template is also the envelope `[…]` itself.
          let envelopes = isWritten ? [entry.value] : entry.value.items ?? [entry.value]
          for envelope in envelopes {
            templates.append(
              ShapeTemplate(shape: shape, format: format, envelope: tree(envelope), isWritten: isWritten))
          }
        }
      }
      add(entry.value, isWritten: true)
      add(entry.value["read"], isWritten: false)
    }
    return templates
  }

  private static func replies(_ node: YAMLNode?) -> ReplyRules {
    var rules = ReplyRules()
    for entry in node?["success"]?.entries ?? [] {
      if let path = PathStep.parse(entry.key.text ?? "") { rules.success.append((path, texts(entry.value))) }
    }
    rules.done = (node?["done"]?.items ?? []).map(tree)
    rules.error = (node?["error"]?.items ?? []).map(tree)
    if let entry = node?["none"]?.entries?.first { rules.none = (entry.key.text ?? "", texts(entry.value)) }
    if let more = node?["more"] {
      rules.more = PathStep.parse(more.text ?? more["page"]?.text ?? "")
      rules.pages = more["pages"]?.text.flatMap(PathStep.parse)
    }
    return rules
  }
}

/// One entry of `fields:`.
package struct ReferenceField: Sendable {
  package enum Meaning: Sendable, Equatable {
    case none
    case one(String)
    case parts([String: String])
  }

  package enum Leg: Sendable, Equatable {
    case field(String)
    case compose([String], rest: String?)

    /// How `via` names it.
    package var name: String {
      switch self {
      case .field(let name): name
      case .compose: "compose"
      }
    }
  }

  /// A transform: its name, its main argument, the other arguments.
  struct Transform: Sendable {
    var name: String
    var argument: YAMLNode?
    var others: [String: YAMLNode] = [:]
  }

  package enum OnFail: String, Sendable { case reject, park, keep }

  /// As the file spells it: the identity of the leaf in reports, residues and CSV columns.
  package var name: String
  package var steps: [PathStep]
  package var meaning: Meaning
  package var legs: [Leg] = []
  package var type = "text"
  package var shapes = Set(Shape.allCases)
  package var required: Set<Shape> = []
  package var derived: [String] = []
  package var onFail: OnFail?
  package var isOneWay = false
  /// Its values are shown to nobody.
  package var isSecret = false
  var transforms: [Transform] = []
  var defaultValue: Tree?
  var readNames: [String] = []
  var writeNames: [Shape: String] = [:]
  var writeTypes: [Shape: String] = [:]
  var formatNames: [Format: String] = [:]
  var writesNulls: Bool?
  var writesEmpties: Bool?

  static let types: Set<String> = ["text", "lines", "code", "choice", "integer", "boolean", "instant"]

  init(_ entry: YAMLNode.Entry) throws(ReferenceError) {
    name = entry.key.text ?? ""
    guard let steps = PathStep.parse(name) else { throw .mapping("path", entry.key.place) }
    self.steps = steps
    let node = entry.value
    if let text = node.text {
      meaning = text == "none" ? .none : .one(text)
      return
    }
    if let text = node["is"]?.text {
      meaning = text == "none" ? .none : .one(text)
    } else if let parts = node["is"]?.entries {
      meaning = .parts(Dictionary(parts.map { ($0.key.text ?? "", $0.value.text ?? "") }) { first, _ in first })
    } else {
      // The canonical model names its fields by themselves.
      meaning = .one(name)
    }
    if let or = node["or"] {
      for leg in or.items ?? [or] {
        legs.append(leg.text.map(Leg.field) ?? .compose(texts(leg["compose"]), rest: leg["rest"]?.text))
      }
    }
    if let uses = node["as"] {
      for use in uses.items ?? [uses] {
        if let text = use.text {
          transforms.append(Transform(name: text))
        } else if let first = use.entries?.first {
          var transform = Transform(name: first.key.text ?? "", argument: first.value)
          for other in use.entries?.dropFirst() ?? [] { transform.others[other.key.text ?? ""] = other.value }
          transforms.append(transform)
        }
      }
    }
    type = node["type"]?.text ?? "text"
    if let views = node["in"] { shapes = Self.shapes(views) }
    if let required = node["required"] {
      // A list is never refused for what it lacks: `true` means the other shapes.
      self.required = required.bool == true ? shapes.subtracting([.list]) : Self.shapes(required).intersection(shapes)
    }
    defaultValue = node["default"].map(scalar)
    derived = texts(node["derived"])
    readNames = texts(node["read"])
    for entry in node["write"]?.entries ?? [] {
      switch entry.key.text {
      case "nulls": writesNulls = entry.value.text == "write"
      case "empties": writesEmpties = entry.value.text == "write"
      default:
        guard let shape = Shape(rawValue: entry.key.text ?? "") else { throw .mapping("write", entry.key.place) }
        if let text = entry.value.text {
          if Self.types.contains(text) { writeTypes[shape] = text } else { writeNames[shape] = text }
        } else {
          writeNames[shape] = entry.value["name"]?.text
          writeTypes[shape] = entry.value["type"]?.text
        }
      }
    }
    for format in Format.allCases { formatNames[format] = node[format.rawValue]?.text }
    formatNames[.ndjson] = formatNames[.json]
    onFail = node["onFail"]?.text.flatMap(OnFail.init)
    isOneWay = node["oneWay"] != nil
    isSecret = node["secret"]?.bool == true
  }

  private static func shapes(_ node: YAMLNode) -> Set<Shape> {
    var shapes: Set<Shape> = []
    for text in texts(node) {
      if text == "read" { shapes.formUnion([.list, .single]) }
      if let shape = Shape(rawValue: text) { shapes.insert(shape) }
    }
    return shapes
  }

  /// The canonical fields it stands for.
  var canonicalNames: [String] {
    switch meaning {
    case .none: []
    case .one(let name): [name]
    case .parts(let parts): parts.values.sorted()
    }
  }

  /// Where `default:` applies.
  var defaultShapes: Set<Shape> { required.isEmpty ? shapes : required }
}

/// Why the interpreter stopped.
package enum ReferenceError: Error, Equatable, Sendable {
  /// A mapping file that it does not understand.
  case mapping(String, Place)
  case format(FormatReason, Int)
  /// The document is none of the system's.
  case unrecognised
  /// The document is a refusal of the service.
  case reply(code: String?, message: String?)
  /// An update needs the target's own ids.
  case noIds
  /// The system does not write that shape in that format.
  case noTemplate
}

/// The texts of a list, or of a single scalar.
func texts(_ node: YAMLNode?) -> [String] {
  guard let node else { return [] }
  return node.items?.compactMap(\.text) ?? node.text.map { [$0] } ?? []
}

/// A scalar of a mapping file as a value: a plain JSON literal has its kind, everything else is text.
func scalar(_ node: YAMLNode) -> Tree {
  guard case .scalar(let scalar) = node.content, scalar.isPlain else { return .text(node.text ?? "") }
  switch scalar.text {
  case "null": return .null
  case "true": return .bool(true)
  case "false": return .bool(false)
  default:
    return isInteger(Array(scalar.text.utf8)) ? .number(scalar.text) : .text(scalar.text)
  }
}

/// A node as a tree of values, for templates.
func tree(_ node: YAMLNode) -> Tree {
  switch node.content {
  case .scalar: scalar(node)
  case .sequence(let items): .array(items.map(tree))
  case .mapping(let entries): .object(entries.map { Tree.Member($0.key.text ?? "", tree($0.value)) })
  }
}

/// `-?(0|[1-9][0-9]*)`
func isInteger(_ text: [UInt8]) -> Bool {
  let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
  guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
  return first != UInt8(ascii: "0") || digits.count == 1
}
