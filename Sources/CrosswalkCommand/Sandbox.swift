import ArgumentParser
import Crosswalk
import CrosswalkTerminal
import Glibc

/// `crosswalk sandbox …`: one of the commands of `crosswalk-live`, which stands beside this program and is called in its place.
struct Sandbox: Command {
  static let configuration = CommandConfiguration(
    commandName: "sandbox", abstract: "Plays systems on a port of this machine (by crosswalk-live).",
    discussion: "`crosswalk sandbox --help` lists what it takes, when crosswalk-live has been built.")

  @Argument(parsing: .captureForPassthrough, help: "What crosswalk-live is given.")
  var arguments: [String] = []

  func execute(_ console: Console) throws(Diagnostic) -> Int32 { throw LiveProgram.becomes(["sandbox"] + arguments) }
}

/// The program beside this one.
enum LiveProgram {
  /// Does not return when the program is there; otherwise says why not.
  static func becomes(_ arguments: [String]) -> Diagnostic {
    guard let path = beside("crosswalk-live") else {
      return Diagnostic(.liveNotBuilt, "where this program stands cannot be found out: \(lastSystemError())")
    }
    var list: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    list.append(nil)
    defer { for text in list { free(text) } }
    execv(path, list)
    let isMissing = errno == ENOENT
    return Diagnostic(
      .liveNotBuilt,
      isMissing ? "`crosswalk-live` does not stand beside this program, as \(path)" : "\(path) cannot be run: \(lastSystemError())",
      help: "`swift build --product crosswalk-live`, with the same flags as for crosswalk, builds it")
  }

  private static func beside(_ name: String) -> String? {
    guard let own = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(own) }
    let path = String(cString: own)
    return path.lastIndex(of: "/").map { path[...$0] + name }
  }
}
