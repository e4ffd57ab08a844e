public import CrosswalkModel

/// YAML as mapping files and jobs use it: one document, UTF-8, the core schema, no tags, no merge keys, texts as keys,
/// no key twice. Hostile files cost little: every limit is checked while the events come in (RELIABILITY R35).
public enum YAML {
  /// Bytes of one file.
  public static let maximumSize = 1 << 20
  /// Nested lists and mappings, the outermost included.
  public static let maximumDepth = 64
  /// Texts, lists and mappings of a file, keys included, after aliases are expanded.
  public static let maximumNodes = 10_000
  /// Bytes of one text.
  public static let maximumScalar = 64_000

  /// The document in `bytes`. A file without one gives a null at its first column.
  ///
  /// - Parameter file: the name that places carry.
  /// - Throws: what is wrong first, with its place.
  public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostic) -> YAMLNode {
    guard bytes.count <= maximumSize else { throw tooLarge(bytes.count, file: file) }
    var composer = Composer(events: try YAMLEvents(bytes, file: file))
    return try composer.document()
  }
}

/// Builds the tree of one document out of events.
private struct Composer: ~Copyable {
  /// What an alias stands for, and what its expansion costs.
  struct Anchored {
    var node: YAMLNode
    var nodes: Int
    var depth: Int
  }

  var events: YAMLEvents
  /// nil: the anchor's own node is not complete.
  var anchors: [String: Anchored?] = [:]
  var nodes = 0
  /// The deepest level seen since the last anchored node began.
  var deepest = 0

  init(events: consuming YAMLEvents) { self.events = events }

  mutating func document() throws(Diagnostic) -> YAMLNode {
    _ = try events.next()
    guard case .documentStart = try events.next() else {
      return YAMLNode(.scalar(.init(text: "", isPlain: true)), at: Place(file: events.file, line: 1, column: 1))
    }
    let root = try node(try events.next(), depth: 1)
    _ = try events.next()
    guard case .streamEnd = try events.next() else { throw secondDocument(at: events.place) }
    return root
  }

  /// `depth` is the level that a list or mapping would have here.
  private mutating func node(_ event: YAMLEvents.Event, depth: Int) throws(Diagnostic) -> YAMLNode {
    let place = events.place
    nodes += 1
    guard nodes <= YAML.maximumNodes else { throw tooManyNodes(at: place) }
    if let tag = events.tag { throw tagRefused(tag, at: place) }
    guard let anchor = events.anchor else { return try content(event, depth: depth, at: place) }

    let outerDeepest = deepest
    let first = nodes
    deepest = depth - 1
    anchors[anchor] = .some(nil)
    let node = try content(event, depth: depth, at: place)
    anchors[anchor] = Anchored(node: node, nodes: nodes - first + 1, depth: deepest - depth + 1)
    deepest = max(deepest, outerDeepest)
    return node
  }

  private mutating func content(_ event: YAMLEvents.Event, depth: Int, at place: Place) throws(Diagnostic) -> YAMLNode {
    switch event {
    case .scalar(let text, let style):
      guard text.utf8.count <= YAML.maximumScalar else { throw tooLongText(text.utf8.count, at: place) }
      return YAMLNode(.scalar(.init(text: text, isPlain: style == .plain)), at: place)
    case .alias(let name): return try expanded(name, depth: depth, at: place)
    case .sequenceStart:
      try enter(depth, at: place)
      var items: [YAMLNode] = []
      while true {
        let event = try events.next()
        if event == .sequenceEnd { return YAMLNode(.sequence(items), at: place) }
        items.append(try node(event, depth: depth + 1))
      }
    case .mappingStart:
      try enter(depth, at: place)
      var keys = KeySet()
      var entries: [YAMLNode.Entry] = []
      while true {
        let event = try events.next()
        if event == .mappingEnd { return YAMLNode(.mapping(entries), at: place) }
        let key = try node(event, depth: depth + 1)
        guard case .scalar(let scalar) = key.content else { throw keyIsNoText(at: key.place) }
        if scalar.isPlain, scalar.text == "<<" { throw mergeKey(at: key.place) }
        if let first = keys.insert(scalar.text, among: entries) {
          throw duplicateKey(scalar.text, at: key.place, first: entries[first].key.place)
        }
        entries.append(.init(key: key, value: try node(try events.next(), depth: depth + 1)))
      }
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
      // libyaml's grammar never lets one of these stand where a node is due.
      throw Diagnostic(.yamlSyntax, "a value is missing", labels: [.init(place)])
    }
  }

  private mutating func enter(_ depth: Int, at place: Place) throws(Diagnostic) {
    guard depth <= YAML.maximumDepth else { throw tooDeep(at: place) }
    deepest = max(deepest, depth)
  }

  private mutating func expanded(_ name: String, depth: Int, at place: Place) throws(Diagnostic) -> YAMLNode {
    guard let known = anchors[name] else {
      throw unknownAnchor(name, at: place, help: nearestNameHelp(name, among: anchors.keys.sorted()))
    }
    guard let anchored = known else { throw recursiveAlias(name, at: place) }
    nodes += anchored.nodes - 1
    guard nodes <= YAML.maximumNodes else { throw tooManyNodes(at: place) }
    guard depth + anchored.depth - 1 <= YAML.maximumDepth else { throw tooDeep(at: place) }
    deepest = max(deepest, depth + anchored.depth - 1)
    return YAMLNode(anchored.node.content, at: place)
  }
}

/// The keys of one mapping. Comparing beats hashing for the few that most mappings have.
private struct KeySet {
  private var indexes: [String: Int] = [:]

  /// The index of the entry that has this key already; nil when it is new. `entries` are those before it.
  mutating func insert(_ key: String, among entries: [YAMLNode.Entry]) -> Int? {
    if entries.count < 12 {
      for index in entries.indices {
        if case .scalar(let other) = entries[index].key.content, other.text == key { return index }
      }
      return nil
    }
    if indexes.isEmpty {
      for (index, entry) in entries.enumerated() { indexes[entry.key.text ?? ""] = index }
    }
    if let index = indexes[key] { return index }
    indexes[key] = entries.count
    return nil
  }
}

// MARK: Messages

private func tooLarge(_ count: Int, file: String) -> Diagnostic {
  Diagnostic(
    .yamlLimit, "the file has \(count) bytes, and a YAML file may have \(YAML.maximumSize)",
    labels: [.init(Place(file: file, line: 1, column: 1))], help: "cut it into several")
}

private func tooDeep(at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlLimit, "more than \(YAML.maximumDepth) lists and mappings inside one another", labels: [.init(place)],
    help: "a mapping file needs no more than ten")
}

private func tooManyNodes(at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlLimit, "more than \(YAML.maximumNodes) values, counting what each `*reference` stands for",
    labels: [.init(place)], help: "use fewer references, or cut the file into several")
}

private func tooLongText(_ count: Int, at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlLimit, "a text of \(count) bytes, and one may have \(YAML.maximumScalar)", labels: [.init(place)],
    help: "look for a quote that is not closed")
}

private func tagRefused(_ tag: String, at place: Place) -> Diagnostic {
  let core = "tag:yaml.org,2002:"
  let shown = tag.hasPrefix(core) ? "!!" + tag.dropFirst(core.count) : tag
  return Diagnostic(
    .yamlUnsupported, "the tag `\(shown)` is not used here", labels: [.init(place)],
    help: "leave it out; a text that starts with `!` must stand in quotes")
}

private func mergeKey(at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlUnsupported, "merge keys (`<<`) are not supported", labels: [.init(place)],
    help: "write the keys out; a single value can be shared with `&name` and `*name`")
}

private func keyIsNoText(at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlUnsupported, "a key must be a text, not a list or a mapping", labels: [.init(place)],
    help: "a key that starts with `{` or `[` must stand in quotes")
}

private func secondDocument(at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlUnsupported, "a second document in one file", labels: [.init(place)],
    help: "put it into a file of its own, or remove the `---` line")
}

private func duplicateKey(_ key: String, at place: Place, first: Place) -> Diagnostic {
  Diagnostic(
    .yamlDuplicateKey, "the key `\(key)` stands twice",
    labels: [.init(place, "again here"), .init(first, "first here")],
    help: "remove one of them")
}

private func unknownAnchor(_ name: String, at place: Place, help: String?) -> Diagnostic {
  Diagnostic(
    .yamlAlias, "`*\(name)` refers to `&\(name)`, which does not stand above it", labels: [.init(place)],
    help: help ?? "a text that starts with `*` must stand in quotes")
}

private func recursiveAlias(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .yamlAlias, "`*\(name)` stands inside the value that it refers to", labels: [.init(place)],
    help: "a value cannot hold itself; write it out")
}
