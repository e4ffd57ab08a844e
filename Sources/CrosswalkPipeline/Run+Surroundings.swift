import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What stood around the records of the file that comes back, and that no shape has (SEMANTICS S2).
extension Run {
  /// Into the end of the document, which is not written yet; what has no place there is said. Members have no order.
  func placeSurroundings() throws(Diagnostic) {
    guard let restorer, restores != nil else { return }
    var template = targetTemplate
    var unplaced: [String] = []
    for line in restorer.file.documents {
      let (format, values) = try restorer.surroundings(line)
      let before = unplaced.count
      for member in values {
        let path = String(decoding: member.name, as: UTF8.self)
        if let steps = PathStep.parse(path), hasEnd(of: format, for: steps, member.value),
          let wider = template.adding(member.value, at: steps[...])
        {
          template = wider
        } else {
          unplaced.append(path)
        }
      }
      if unplaced.count > before { restorer.countUnplaced(1) }
    }
    if restorer.file.documentsBeyond > 0 {
      restorer.countUnplaced(restorer.file.documentsBeyond)
      unplaced.append("…")
    }
    if !unplaced.isEmpty { say(Messages.unplacedSurroundings(unplaced, residue: restorer.file.name)) }
    guard template != targetTemplate else { return }
    let writer = self.writer(for: plan(for: summary.from.format ?? source.formats[0]), template)
    outputs.setEnd(closing: writer.closing, empty: writer.empty)
  }

  /// Whether a document of the output has an end for a value that stood in one of that format: lines and tables have none, and XML
  /// has its names and texts only from XML. There attributes of what is open stand before the records, and a prefix would need its
  /// declaration.
  private func hasEnd(of format: Format?, for path: [PathStep], _ value: Tree) -> Bool {
    guard job.shape == .list, let format else { return false }
    if targetFormat == .json { return format.isJSON }
    func isPlain(_ value: Tree) -> Bool {
      switch value {
      case .null, .bool, .number, .text: true
      case .array(let items): items.allSatisfy(isPlain)
      case .object(let members): members.allSatisfy { !$0.name.contains(UInt8(ascii: ":")) && isPlain($0.value) }
      }
    }
    return targetFormat == .xml && format == .xml && isPlain(value)
      && path.allSatisfy { if case .name(let name) = $0 { !"@#".contains(name.prefix(1)) && !name.contains(":") } else { false } }
  }
}

extension Template {
  /// With one more member behind the records, so that what stands before them stays as it is; nil where it has no such place.
  func adding(_ value: Tree, at path: ArraySlice<PathStep>) -> Template? {
    guard case .object(var members) = self, case .name(let name)? = path.first else { return nil }
    let rest = path.dropFirst()
    let known = members.firstIndex { $0.name == name }
    if let known {
      let records = members.firstIndex { $0.value.recordPath != nil }
      if rest.isEmpty { return members[known].value == .literal(value) ? self : nil }
      guard known >= records ?? 0, let inner = members[known].value.adding(value, at: rest) else { return nil }
      members[known].value = inner
    } else {
      guard let inner = rest.isEmpty ? .literal(value) : Template.object([]).adding(value, at: rest) else { return nil }
      members.append(.init(name, inner))
    }
    return .object(members)
  }
}

extension Messages {
  static func unplacedSurroundings(_ paths: [String], residue: String) -> Diagnostic {
    Diagnostic(
      .unplacedLine, "what stood around the records has no place in this output: \(list(paths))", at: .init(source: residue),
      help: "a list in the format that it came from has an end to take it; it stays in the residue", disposition: .warning)
  }
}
