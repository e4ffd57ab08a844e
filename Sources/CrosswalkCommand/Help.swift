import ArgumentParser
import Crosswalk
import CrosswalkTerminal

/// `crosswalk help CODE` and `crosswalk help COMMAND`.
struct Help: Command {
  static let configuration = CommandConfiguration(
    commandName: "help", abstract: "The page of a diagnostic code, or of a command.")

  @Argument(
    help: ArgumentHelp("A code as messages show it in brackets, such as U0002, or a command.", valueName: "code"))
  var subject: String?

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    guard let subject else {
      try console.write(Root.helpMessage() + "\n")
      return ExitStatus.done
    }
    if let command = Root.configuration.subcommands.first(where: { $0._commandName == subject }) {
      try console.write(Root.helpMessage(for: command) + "\n")
      return ExitStatus.done
    }
    guard let page = Code.pages.first(where: { $0.code.name == subject.uppercased() }) else {
      throw Help.unknown(subject)
    }
    try console.write("\(page.code): \(page.title)\n\n\(Help.wrapped(page.page))\n")
    return ExitStatus.done
  }

  /// At blanks, to 80 columns; line breaks of the page stay.
  static func wrapped(_ text: String, columns: Int = 80) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { paragraph in
      var lines = [""]
      for word in paragraph.split(separator: " ") {
        if lines[lines.count - 1].isEmpty {
          lines[lines.count - 1] = String(word)
        } else if lines[lines.count - 1].count + word.count + 1 <= columns {
          lines[lines.count - 1] += " \(word)"
        } else {
          lines.append(String(word))
        }
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private static func unknown(_ word: String) -> Diagnostic {
    let names = Code.pages.map(\.code.name) + Root.configuration.subcommands.map { $0._commandName }
    return Diagnostic(
      .unknownCode, "there is no code and no command `\(word)`", help: nearestNameHelp(word, among: names))
  }
}
