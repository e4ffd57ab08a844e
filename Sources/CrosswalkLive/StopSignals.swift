import Glibc

/// The wishes to end: Ctrl-C and SIGTERM.
enum StopSignals {
  /// Before the first thread starts, so that no thread but the one that waits takes them.
  static func block() {
    var signals = all
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    // A client that goes away is no reason to end.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns with the first one.
  static func wait() {
    var signals = all
    var number: Int32 = 0
    while sigwait(&signals, &number) != 0 {}
  }

  private static var all: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    return signals
  }
}
