import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// What a document says besides its records: success, errors, acknowledgements, more pages.
struct EnvelopeJudge {
  let system: System
  /// Names on the way to records, and the names of mapped fields: a reply with one of these that its template does not have is
  /// another document.
  private let recordNames: Set<String>
  /// Names of fields that no envelope has.
  private let fieldNames: Set<String>
  /// Of all shapes and replies, and the paths that replies name one by one.
  private let templates: [Template]
  private let paths: [[PathStep]]

  init(_ system: System) {
    self.system = system
    var names: Set<String> = []
    for rules in system.shapes {
      for (_, template) in rules.write + rules.read {
        for step in template.recordPath?.steps ?? [] { if case .name(let name) = step { names.insert(name) } }
      }
    }
    // What an envelope of replies is called too tells nothing apart.
    for template in system.replies.error + system.replies.done { names.subtract(EnvelopeJudge.outerNames(template)) }
    for field in system.fields { if case .name(let name)? = field.path.first { names.insert(name) } }
    recordNames = names
    var fields: Set<String> = []
    for field in system.fields {
      if case .name(let name)? = field.path.first { fields.insert(name) }
      fields.formUnion(field.formatNames.values)
    }
    templates = system.shapes.flatMap { $0.write + $0.read }.map(\.template) + system.replies.error + system.replies.done
    paths = system.replies.success.map(\.path) + [system.replies.more, system.replies.pages].compactMap(\.self)
    for template in templates { fields.subtract(EnvelopeJudge.allNames(template)) }
    for path in paths {
      for step in path { if case .name(let name) = step { fields.remove(name) } }
    }
    fieldNames = fields
  }

  private static func allNames(_ template: Template) -> Set<String> {
    switch template {
    case .record, .bind, .literal: []
    case .list(let inner): allNames(inner)
    case .object(let members): members.reduce(into: Set(members.filter { !isOfReply($0.value) }.map(\.name))) { $0.formUnion(allNames($1.value)) }
    }
  }

  /// `clientId: $id` in a reply names a field of records.
  private static func isOfReply(_ template: Template) -> Bool { template == .bind("id") }

  private static func outerNames(_ template: Template) -> Set<String> {
    guard case .object(let members) = template else { return [] }
    return Set(members.map(\.name))
  }

  enum Verdict {
    /// Nothing against its records.
    case records
    case acknowledgement(message: String)
    case noRecords
    case failed(code: String?, message: String?)
  }

  /// - hasRecords: records were found in it, so that it is no bare reply.
  func judge(_ document: Tree, hasRecords: Bool) -> Verdict {
    if let error = error(document) {
      if let none = system.replies.none, let value = error[none.name], none.values.contains(value) { return .noRecords }
      return .failed(code: error["code"], message: error["message"])
    }
    for (path, values) in system.replies.success {
      guard let value = EnvelopeJudge.value(at: path[...], in: document) else { continue }
      guard let text = EnvelopeJudge.text(value), values.contains(text) else {
        // Records beside a failure: what the reply says of itself all the same.
        for template in system.replies.error {
          var bound: [String: String] = [:]
          if match(template, document, &bound, isLenient: true) { return .failed(code: bound["code"], message: bound["message"]) }
        }
        return .failed(code: nil, message: "\(PathStep.text(path)) is \(EnvelopeJudge.text(value) ?? "not a value")")
      }
    }
    // A page that is spelt as pages are is one, however little its records hold.
    if !hasRecords, !isPage(document) {
      for template in system.replies.done {
        var bound: [String: String] = [:]
        guard match(template, document, &bound) else { continue }
        let id = bound["id"].map { " (id \($0))" } ?? ""
        return .acknowledgement(message: (bound["message"] ?? "done") + id)
      }
    }
    return .records
  }

  /// Every literal that the list's own template has around its records stands there.
  private func isPage(_ document: Tree) -> Bool {
    system.shapes.contains { rules in
      rules.shape == .list && rules.write.contains { $0.template.hasLiterals && spells($0.template, document) }
    }
  }

  private func spells(_ template: Template, _ tree: Tree) -> Bool {
    switch template {
    case .record: return true
    case .bind: return EnvelopeJudge.text(tree) != nil
    case .literal(let literal): return literal == tree || EnvelopeJudge.text(literal).map { $0 == EnvelopeJudge.text(tree) } ?? false
    case .list(let inner):
      let items: [Tree] = if case .array(let items) = tree { items } else { [tree] }
      return items.allSatisfy { spells(inner, $0) }
    case .object(let members): return members.allSatisfy { member in tree[member.name].map { spells(member.value, $0) } ?? false }
    }
  }

  func error(_ document: Tree) -> [String: String]? {
    for template in system.replies.error {
      var bound: [String: String] = [:]
      if match(template, document, &bound) { return bound }
    }
    return nil
  }

  func matches(_ template: Template, _ document: Tree) -> Bool {
    var bound: [String: String] = [:]
    return match(template, document, &bound)
  }

  func saysMore(_ document: Tree) -> Bool {
    guard let more = system.replies.more, let value = EnvelopeJudge.value(at: more[...], in: document),
      let text = EnvelopeJudge.text(value)
    else { return false }
    if let pages = system.replies.pages {
      guard let total = EnvelopeJudge.value(at: pages[...], in: document) else { return false }
      return (Int(text) ?? 0) < (EnvelopeJudge.text(total).flatMap { Int($0) } ?? 0)
    }
    return text == "true" || text == "1"
  }

  /// A template against a document: every member of the template must be there. Further members are allowed unless they are where
  /// records or fields stand.
  private func match(
    _ template: Template, _ tree: Tree, _ bound: inout [String: String], isLenient: Bool = false
  ) -> Bool {
    switch template {
    case .record: return false
    case .bind(let name):
      guard let text = EnvelopeJudge.text(tree) else { return false }
      bound[name] = text
      return true
    case .literal(let literal):
      if let a = EnvelopeJudge.text(literal), let b = EnvelopeJudge.text(tree) { return a == b }
      // `{}` stands for an element or object with nothing in it.
      if case .object(let members) = literal, members.isEmpty { return EnvelopeJudge.text(tree) == "" || tree.leafCount == 1 }
      return literal == tree
    case .list(let inner):
      let items: [Tree] = if case .array(let items) = tree { items } else { [tree] }
      guard !items.isEmpty else { return false }
      for (index, item) in items.enumerated() {
        var here = bound
        guard match(inner, item, &here, isLenient: isLenient) else { return false }
        if index == 0 { bound = here }
      }
      return true
    case .object(let members):
      guard case .object(let found) = tree else { return members.isEmpty && EnvelopeJudge.text(tree) == "" }
      var used: Set<Int> = []
      for member in members {
        let candidates = found.indices.filter { member.name == "*" || found[$0].name.elementsEqual(member.name.utf8) }
        guard let index = candidates.first(where: { index in
          var here = bound
          guard match(member.value, found[index].value, &here, isLenient: isLenient) else { return false }
          bound = here
          return true
        }) else { return false }
        used.insert(index)
      }
      return isLenient || !found.indices.contains { !used.contains($0) && recordNames.contains(String(decoding: found[$0].name, as: UTF8.self)) }
    }
  }

  // MARK: - What no template names

  /// The path of something in an envelope that looks like another record, or a name that stands twice in one object: reading on would
  /// lose records.
  func strayRecord(in document: Tree) -> (path: String, isRepeated: Bool)? {
    var found: (path: String, isRepeated: Bool)?
    func look(_ tree: Tree, _ path: [UInt8]) {
      guard found == nil else { return }
      switch tree {
      case .object(let members):
        if !path.isEmpty, members.contains(where: { fieldNames.contains(String(decoding: $0.name, as: UTF8.self)) }) {
          found = (String(decoding: path, as: UTF8.self), false)
          return
        }
        var names: Set<[UInt8]> = []
        for member in members {
          var own = path
          PathText.append(member.name, to: &own)
          guard names.insert(member.name).inserted else {
            found = (String(decoding: own, as: UTF8.self), true)
            return
          }
          look(member.value, own)
        }
      case .array(let items):
        for (index, item) in items.enumerated() {
          var own = path
          PathText.append(index: index, to: &own)
          look(item, own)
        }
      case .null, .bool, .number, .text: break
      }
    }
    look(document, [])
    return found
  }

  /// Members of the document that neither a shape nor a reply has: data all the same (SEMANTICS S2). The records are not in it.
  func unknown(in document: Tree) -> [(path: [UInt8], value: Tree)] {
    var found: [(path: [UInt8], value: Tree)] = []
    collect(document, templates, paths.map { $0[...] }, [], &found)
    return found
  }

  private func collect(
    _ tree: Tree, _ templates: [Template], _ known: [ArraySlice<PathStep>], _ path: [UInt8],
    _ found: inout [(path: [UInt8], value: Tree)]
  ) {
    switch tree {
    case .object(let members):
      for member in members where !isDeclaration(member.name) {
        // White space between elements.
        if member.name.elementsEqual("#text".utf8), case .text(let text) = member.value, EnvelopeJudge.isBlank(text) { continue }
        let name = String(decoding: member.name, as: UTF8.self)
        let inner = templates.flatMap { template -> [Template] in
          guard case .object(let members) = template else { return [] }
          return members.filter { $0.name == name || $0.name == "*" }.map(\.value)
        }
        let below = known.filter { $0.first == .name(name) }.map { $0.dropFirst() }
        var memberPath = path
        PathText.append(member.name, to: &memberPath)
        judge(member.value, inner, below, memberPath, &found)
      }
    case .array(let items):
      let inner = templates.compactMap { if case .list(let inner) = $0 { inner } else { nil } }
      for (index, item) in items.enumerated() {
        var itemPath = path
        PathText.append(index: index, to: &itemPath)
        judge(item, inner, known.filter { $0.first == .index(index) }.map { $0.dropFirst() }, itemPath, &found)
      }
    case .null, .bool, .number, .text: break
    }
  }

  private func judge(
    _ tree: Tree, _ templates: [Template], _ known: [ArraySlice<PathStep>], _ path: [UInt8],
    _ found: inout [(path: [UInt8], value: Tree)]
  ) {
    let isNamed = known.contains(where: \.isEmpty) || templates.contains {
      switch $0 {
      case .literal, .bind: true
      case .record, .list, .object: false
      }
    }
    if isNamed { return }
    switch tree {
    case .object where !known.isEmpty || templates.contains(where: { if case .object = $0 { true } else { false } }),
      .array where !known.isEmpty || templates.contains(where: { if case .list = $0 { true } else { false } }):
      collect(tree, templates, known, path, &found)
    // The place of the records, when it holds nothing else.
    case .text(let text) where !templates.isEmpty && EnvelopeJudge.isBlank(text): break
    case .object(let members) where members.isEmpty && !templates.isEmpty: break
    case .null, .bool, .number, .text, .array, .object: found.append((path, tree))
    }
  }

  private static func isBlank(_ text: [UInt8]) -> Bool { text.allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) } }

  /// Attributes that say how something is encoded are no data.
  private func isDeclaration(_ name: [UInt8]) -> Bool {
    name.elementsEqual("@xmlns".utf8) || name.starts(with: "@xmlns:".utf8)
      || [system.xml.typeAttribute, system.xml.nilAttribute].contains { $0.map { name.elementsEqual(("@" + $0).utf8) } ?? false }
  }

  static func text(_ tree: Tree) -> String? {
    switch tree {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .number(let characters): String(decoding: characters, as: UTF8.self)
    case .text(let text): String(decoding: text, as: UTF8.self)
    case .object, .array: nil
    }
  }

  static func value(at path: ArraySlice<PathStep>, in tree: Tree) -> Tree? {
    guard let step = path.first else { return tree }
    switch step {
    case .name(let name): return tree[name].flatMap { value(at: path.dropFirst(), in: $0) }
    case .index(let index): return tree[index].flatMap { value(at: path.dropFirst(), in: $0) }
    case .pick: return nil
    }
  }
}
