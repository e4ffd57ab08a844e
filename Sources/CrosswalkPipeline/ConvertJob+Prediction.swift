package import CrosswalkExplain
import CrosswalkFormats
import CrosswalkMapping
package import CrosswalkModel
import CrosswalkRoute

extension ConvertJob {
  /// What the mapping files say of this way before anything is read: what `from`, `to`, `shape`, `set`, `options` and
  /// `mappings` say counts. Formats that are not named are the first ones of their systems that there are.
  package func prediction(report: ((Diagnostic) -> Void)? = nil) throws(Diagnostic) -> (
    there: Prediction, back: Prediction
  ) {
    let library = try MappingLibrary(folders: mappings)
    let model = try library.canonical()
    let source = try system(from.system, in: library, model, report)
    let target = try system(to.system, in: library, model, report)
    var chosen: [String: [String: String]] = [:]
    for choice in options {
      let system = try self.system(choice.system, in: library, model, report)
      guard let option = system.options.first(where: { $0.name == choice.name }) else {
        throw ConvertJob.unknownOption(choice, system)
      }
      guard option.choices.isEmpty || option.choices.contains(choice.value) else {
        throw ConvertJob.wrongChoice(choice, option.choices)
      }
      chosen[system.name, default: [:]][choice.name] = choice.value
    }
    var sets: [(field: String, value: Tree)] = []
    for assignment in set {
      guard model.contains(assignment.field) else { throw ConvertJob.unknownField(assignment.field, model) }
      guard !sets.contains(where: { $0.field == assignment.field }) else {
        throw Diagnostic(.saidTwice, "`\(assignment.field)` is set twice", help: "leave one `--set` out")
      }
      sets.append((assignment.field, ConvertJob.literal(assignment.value)))
    }
    if let format = from.format, !source.formats.contains(format) {
      throw Diagnostic(
        .unknownFormat, "\(source.name) has no \(format)",
        help: "it has \(source.formats.map(\.rawValue).joined(separator: ", "))")
    }
    let read = from.format ?? source.formats[0]
    let (written, _) = try outputFormat(target)
    let there = Prediction(
      from: source, read, to: target, written, shape: shape, canonical: model, options: chosen, sets: sets,
      transforms: TransformTable.specs)
    let back = Prediction(
      from: target, written, to: source, read, shape: .list, canonical: model, options: chosen,
      transforms: TransformTable.specs)
    return (there, back)
  }
}
