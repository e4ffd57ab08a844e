import Foundation
import TestSupport
import Testing

/// A run is held to a prediction that knows nothing of plans: else it would be held to itself (SEMANTICS S4).
@Suite struct PredictionIndependenceTests {
  static func files(_ folder: String) throws -> [(name: String, text: String)] {
    let url = Repository.root.appending(path: "Sources/CrosswalkMapping/\(folder)")
    return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }
      .map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
  }

  static func declared(in files: [(name: String, text: String)]) -> Set<String> {
    let types =
      /(?m)^(?:(?:package|public|private|fileprivate|final|indirect) )*(?:class|struct|enum|protocol|actor) (\w+)/
    // What an extension there adds to a type from elsewhere counts as well.
    let members = /(?m)^  package (?:static )?(?:var|func) (\w+)/
    var names: Set<String> = []
    for file in files {
      names.formUnion(file.text.matches(of: types).map { String($0.output.1) })
      for part in file.text.split(separator: "\nextension Field").dropFirst() {
        let body = part.prefix(upTo: part.firstRange(of: "\n}")?.lowerBound ?? part.endIndex)
        names.formUnion(body.matches(of: members).map { String($0.output.1) })
      }
    }
    return names
  }

  @Test func thePredictionUsesNothingOfThePlan() throws {
    let plan = try Self.files("Plan")
    let names = Self.declared(in: plan)
    #expect(names.isSuperset(of: ["Plan", "PlanBuilder", "MappedLeaf", "TargetLeaf", "ComposeStep", "canonicalNames"]))
    let prediction = try Self.files("Prediction")
    #expect(prediction.count > 2)
    // A type of its own may bear the name of one of the plan's, inside its own.
    let own = prediction.flatMap {
      $0.text.matches(of: /(?:class|struct|enum|var|let|func) (\w+)/).map { String($0.output.1) }
    }
    for name in names.subtracting(own).sorted() {
      let use = try Regex("\\b\(name)\\b")
      for file in prediction {
        for line in file.text.split(separator: "\n") {
          let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
          if code.firstMatch(of: use) != nil { Issue.record("\(file.name) uses `\(name)`: \(line)") }
        }
      }
    }
  }
}
