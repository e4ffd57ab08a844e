import Glibc

/// Where temporary files stand that belong beside no other: the folder that `TMPDIR` names, or the system's.
package enum TemporaryFolder {
  package static var path: String {
    guard let folder = getenv("TMPDIR") else { return P_tmpdir }
    return String(cString: folder)
  }
}
