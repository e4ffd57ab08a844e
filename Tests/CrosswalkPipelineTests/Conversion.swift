import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import Foundation

/// A conversion of bytes by `ConvertJob.run`: what it wrote, what it said, what it counted.
struct Conversion {
  var output: [UInt8]
  /// The lines of the residue; none when no file was written.
  var residue: [Tree]
  var rejects: [Tree]
  var summary: ConvertSummary
  var said: [Diagnostic]

  var text: String { String(decoding: output, as: UTF8.self) }
  var codes: Set<Code> { Set(said.map(\.code)) }

  /// `SYSTEM[:FORMAT]` as the command line has it.
  static func endpoint(_ text: String) -> ConvertJob.Endpoint {
    let parts = text.split(separator: ":").map(String.init)
    return ConvertJob.Endpoint(parts[0], format: parts.count > 1 ? Format(rawValue: parts[1]) : nil)
  }

  static func run(
    _ input: [UInt8], _ from: String, to target: String, ending: String = "", change: (inout ConvertJob) -> Void = { _ in }
  ) throws -> Conversion {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "input\(ending)")
    try Data(input).write(to: file)
    var job = ConvertJob(inputs: [.file(file.path)], from: endpoint(from), to: endpoint(target))
    let output = folder.appending(path: "output")
    job.output = .file(output.path)
    job.rejects = folder.appending(path: "rejects").path
    change(&job)
    var said: [Diagnostic] = []
    let summary = try job.run(report: { said.append($0) })
    func lines(_ name: String) throws -> [Tree] {
      guard let bytes = try? Data(contentsOf: folder.appending(path: name)) else { return [] }
      return try bytes.split(separator: 0x0a).map { try JSONReference.parse([UInt8]($0)) }
    }
    let written = (try? Data(contentsOf: output)).map { [UInt8]($0) } ?? []
    return Conversion(output: written, residue: try lines("output.residue.ndjson"), rejects: try lines("rejects"), summary: summary, said: said)
  }

  static func run(
    _ input: String, _ from: String, to target: String, change: (inout ConvertJob) -> Void = { _ in }
  ) throws -> Conversion {
    try run(Array(input.utf8), from, to: target, change: change)
  }

  /// The exit status that the command gives a run which this has ended.
  static func status(_ diagnostic: Diagnostic) -> Int {
    let name = diagnostic.code.name
    if name.hasPrefix("U") || name.hasPrefix("M") { return 2 }
    return name.hasPrefix("I02") ? 5 : 4
  }
}

extension Tree {
  /// Compact JSON.
  var json: String { String(decoding: TreeWriter.json(self), as: UTF8.self) }

  var items: [Tree] { if case .array(let items) = self { items } else { [] } }

  func parked(_ field: String) -> Tree? { self["parked"]?[field] }
}
