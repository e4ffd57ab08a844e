package import ArgumentParser
package import Crosswalk

/// A command that does something. Its result is the exit code.
package protocol Command: ParsableCommand {
  /// Throws what ended it; the caller shows it and knows the exit code.
  func execute(_ console: Console) throws(Diagnostic) -> Int32
}

/// One call of a program, whose commands are those of `Root`: parses, runs, shows what went wrong and gives the exit code.
///
/// ArgumentParser is asked only what the arguments mean. It would end a wrong usage with 64; ours is 2.
package struct CommandLineRun<Root: ParsableCommand> {
  private(set) var arguments: [String]

  package init(arguments: [String]) { self.arguments = arguments }

  package mutating func status() -> Int32 {
    let console = Console(style: isJSONWanted ? .json : .text)
    do throws(Diagnostic) {
      guard let command = try parse(console) else { return 0 }
      return try command.execute(console)
    } catch {
      console.show(error)
      return ExitStatus.of(error)
    }
  }

  /// The command, or nil when the arguments only asked for a help text or the version, which has been written.
  private mutating func parse(_ console: Console) throws(Diagnostic) -> (any Command)? {
    if let first = arguments.first, !first.hasPrefix("-"), !commandNames.contains(first) { throw unknownCommand(first) }
    do {
      var parsed = try Root.parseAsRoot(arguments)
      if let command = parsed as? any Command { return command }
      // The root without a command, and `--help`, which ends in a thrown text.
      try parsed.run()
      return nil
    } catch let error as Diagnostic {
      throw error
    } catch {
      guard Root.exitCode(for: error) == .success else {
        if joinNegative(Root.message(for: error)) { return try parse(console) }
        throw wrongUsage(Root.message(for: error))
      }
      let text = Root.fullMessage(for: error)
      try console.write(text.hasSuffix("\n") ? text : text + "\n")
      return nil
    }
  }

  /// `--limit -1` is complained of as a flag without its value, since `-1` looks like another flag. Joined to `--limit=-1` the flag's
  /// own rule judges the number.
  private mutating func joinNegative(_ message: String) -> Bool {
    guard message.hasPrefix("Missing value for '--") else { return false }
    let flag = message.dropFirst("Missing value for '".count).prefix { $0 != " " && $0 != "'" }
    let pair = arguments.indices.dropLast().first { index in
      let next = arguments[index + 1].utf8
      return arguments[index] == flag && next.first == UInt8(ascii: "-") && next.dropFirst().first.map { (0x30...0x39).contains($0) } ?? false
    }
    guard let pair else { return false }
    arguments[pair] += "=" + arguments.remove(at: pair + 1)
    return true
  }

  private var commandNames: [String] { Root.configuration.subcommands.map { $0._commandName } }

  /// Known before the flags are parsed: a wrong one is shown the same way.
  private var isJSONWanted: Bool {
    zip(arguments, arguments.dropFirst()).contains { $0 == "--diagnostics" && $1 == "json" }
      || arguments.contains("--diagnostics=json")
  }
}

// MARK: - Messages

extension CommandLineRun {
  private func unknownCommand(_ word: String) -> Diagnostic {
    Diagnostic(
      .usage, "there is no command `\(word)`",
      help: nearestNameHelp(word, among: commandNames) ?? "the commands are \(commandNames.joined(separator: ", "))")
  }

  /// ArgumentParser's sentence in our form: "Unknown option '--frmo'. Did you mean '--from'?". It complains of a missing flag
  /// before a mistyped one, which is the better thing to say.
  private func wrongUsage(_ message: String) -> Diagnostic {
    let flags = flagNames
    for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
      let flag = String(argument.prefix { $0 != "=" })
      if !flags.contains(flag) {
        return Diagnostic(.usage, "there is no flag `\(flag)`", help: nearestNameHelp(flag, among: flags) ?? listHelp)
      }
    }
    var title = message.split(separator: "\n").first.map(String.init) ?? message
    if title.hasSuffix(".") { title.removeLast() }
    return Diagnostic(.usage, title.prefix(1).lowercased() + title.dropFirst(), help: listHelp)
  }

  private var listHelp: String {
    let command = arguments.first.flatMap { commandNames.contains($0) ? "crosswalk \($0)" : nil } ?? "crosswalk"
    return "`\(command) --help` lists what it takes"
  }

  /// Every long flag of the command that was named, out of its help text.
  private var flagNames: [String] {
    let command = Root.configuration.subcommands.first { $0._commandName == arguments.first }
    let text = Root.helpMessage(for: command ?? Root.self, columns: 200)
    return text.split { " \n,[]()|".contains($0) }.filter { $0.hasPrefix("--") }.map(String.init)
  }
}
