/// The named limits on what a record may be (RELIABILITY R50). Each limit's error says which option raises it.
public struct Limits: Sendable, Equatable {
  /// Bytes of one record; a larger one is rejected. `--max-record`, at most 64 MiB.
  public var record = 16 << 20
  /// Bytes of one value; a larger one has its record rejected. `--max-field`, at most 16 MiB - 1.
  public var field = 8 << 20
  /// Nested containers, the document's own included. `--max-depth`.
  public var depth = 128
  /// Members of a record that no mapping names. `--max-unknown`.
  public var unknownFields = 10_000
  /// Bytes that may come out of a compressed byte of an input, once 64 MiB have come out. `--max-ratio`.
  public var ratio = 250

  public init() {}
}
