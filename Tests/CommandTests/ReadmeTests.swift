import Foundation
import TestSupport
import Testing

/// Examples are code: every ```console block of the README is run, in the order of the page and in one folder, and prints what the
/// page says.
@Suite struct ReadmeTests {
  @Test func everyConsoleBlockPrintsWhatThePageSays() throws {
    let readme = Repository.root.appending(path: "README.md")
    let text = try String(contentsOf: readme, encoding: .utf8)
    let command = try BuiltCommand()
    defer { command.remove() }
    for folder in ["Samples", "Mappings"] { try command.copy(folder) }
    var isRecording = false
    if ProcessInfo.processInfo.environment["RECORD"] == "1" { isRecording = true }
    var recorded: [String] = []
    var commands = 0
    for part in ConsoleBlock.parts(of: text) {
      guard case .commands(let steps) = part else {
        if case .text(let lines) = part { recorded += lines }
        continue
      }
      for step in steps {
        commands += 1
        let result = try command.run(step.script, isMerged: true)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let output = lines.last == "" ? Array(lines.dropLast()) : lines
        recorded += step.lines + output
        if !isRecording { #expect(output == step.output.map(BuiltCommand.steady), "$ \(step.script)") }
      }
    }
    #expect(commands > 0)
    if isRecording { try Data(recorded.joined(separator: "\n").utf8).write(to: readme) }
  }

  /// The commands a reader is told to build and test with are those that the continuous run uses.
  @Test func theRunCallsTheCommandsOfThePage() throws {
    let text = try String(contentsOf: Repository.root.appending(path: "README.md"), encoding: .utf8)
    let run = try String(contentsOf: Repository.root.appending(path: ".ci/run"), encoding: .utf8)
    let blocks = text.matches(of: /```sh\n((?:[^`]|`[^`])*?)```/).map { String($0.output.1) }
    #expect(blocks.count == 3)
    for number in 1...3 { #expect(run.contains("say \"$(readme_command \(number))\"")) }
  }
}

/// A README cut at its ```console fences.
enum ConsoleBlock {
  case text([String])
  case commands([Step])

  struct Step {
    /// As they stand on the page, `$ ` and all.
    var lines: [String]
    var output: [String] = []

    var script: String {
      lines.enumerated().map { $0.offset == 0 ? String($0.element.dropFirst(2)) : $0.element }.joined(separator: "\n")
    }
  }

  static func parts(of text: String) -> [ConsoleBlock] {
    var parts: [ConsoleBlock] = []
    var plain: [String] = []
    var steps: [Step]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if let open = steps {
        if line.hasPrefix("```") {
          parts.append(.commands(open))
          steps = nil
          plain.append(line)
        } else if line.hasPrefix("$ ") {
          steps?.append(Step(lines: [line]))
        } else if let last = open.last, last.output.isEmpty, last.lines[last.lines.count - 1].hasSuffix("\\") {
          steps?[open.count - 1].lines.append(line)
        } else if !open.isEmpty {
          steps?[open.count - 1].output.append(line)
        }
        continue
      }
      plain.append(line)
      if line == "```console" {
        parts.append(.text(plain))
        plain = []
        steps = []
      }
    }
    parts.append(.text(plain))
    return parts
  }
}
