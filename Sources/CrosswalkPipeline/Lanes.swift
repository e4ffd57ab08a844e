import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import Glibc

/// A stretch of one run of records, to be read by itself: bytes from a record's start (as far as the cut was right) to the next
/// cut.
final class Batch: @unchecked Sendable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes of it, with padding behind.
  var count = 0
  /// Where it starts in the input.
  var offset = 0
  /// Nothing follows it.
  var isLast = false
  /// A comma stands before it.
  var isBehindComma = false
  let result = BatchResult()
  /// How far its records reach, and why they ended.
  fileprivate(set) var position = 0
  fileprivate(set) var stop = BatchWorker.Stop.end
  fileprivate(set) var worker: BatchWorker?
  fileprivate(set) var isBehindCommaAfter = false
  fileprivate(set) var isInsideRefusedRow = false
  private let gate = Gate()

  init() {
    capacity = ByteStream.chunk * 2
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  func room(_ bytes: Int) {
    guard bytes + ByteStream.padding > capacity else { return }
    base.deallocate()
    capacity = bytes + ByteStream.padding
    base = .allocate(capacity: capacity)
  }

  fileprivate func finish() { gate.open() }

  /// Until the lane is done with it.
  func wait() { gate.pass() }

  func reset() { gate.close() }
}

/// Opened once by one thread, passed by another.
private final class Gate: @unchecked Sendable {
  private var isOpen = false
  private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
  private let condition: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  func open() {
    pthread_mutex_lock(mutex)
    isOpen = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func pass() {
    pthread_mutex_lock(mutex)
    while !isOpen { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func close() {
    pthread_mutex_lock(mutex)
    isOpen = false
    pthread_mutex_unlock(mutex)
  }
}

/// A thread with a worker of its own, which takes batches one after the other.
final class Lane: @unchecked Sendable {
  let worker: BatchWorker
  private var queue: [Batch] = []
  private var isClosed = false
  private var thread = pthread_t()
  private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
  private let condition: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)

  init(_ worker: BatchWorker) {
    self.worker = worker
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    let context = Unmanaged.passRetained(self).toOpaque()
    // The stack holds recursion over nested values (128 deep at most).
    pthread_create(&thread, nil, laneMain, context)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  func submit(_ batch: Batch) {
    batch.reset()
    pthread_mutex_lock(mutex)
    queue.append(batch)
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// After the batches that were submitted.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
    pthread_join(thread, nil)
  }

  fileprivate func work() {
    while true {
      pthread_mutex_lock(mutex)
      while queue.isEmpty, !isClosed { pthread_cond_wait(condition, mutex) }
      guard !queue.isEmpty else {
        pthread_mutex_unlock(mutex)
        return
      }
      let batch = queue.removeFirst()
      pthread_mutex_unlock(mutex)
      process(batch)
      batch.finish()
    }
  }

  private func process(_ batch: Batch) {
    batch.worker = worker
    worker.result = batch.result
    worker.begin(batch.result)
    (worker.reader as? JSONRecordReader)?.expectsRecord = batch.isBehindComma
    var position = 0
    batch.stop = worker.process(
      batch.base, &position, to: batch.count, isLast: batch.isLast, offset: batch.offset, mayOverflow: true)
    batch.position = position
    batch.isBehindCommaAfter = (worker.reader as? JSONRecordReader)?.expectsRecord ?? false
    batch.isInsideRefusedRow = (worker.reader as? CSVRecordReader)?.isInsideRefusedRow ?? false
  }
}

// A C callback is formed at file scope: inside an isolated function it would carry that isolation.
private func laneMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<Lane>.fromOpaque(context).takeRetainedValue().work()
  return nil
}

extension Run {
  /// Asked once: the answer is read from a file.
  private static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  /// Workers for a run of records that goes on behind the stream's window; 1 means: no lanes.
  func laneCount(_ stream: ByteStream) -> Int {
    // Lines of a residue are given out in the order of the records.
    guard !stream.isLast, job.limit == nil, job.restore == nil else { return 1 }
    return min(job.jobs ?? Run.cores, 64)
  }

  /// Reads a run of records on several threads: the window is cut where records seem to begin, each stretch is read by itself,
  /// and accepted in order. A cut proves itself: a stretch must end exactly where the next one starts. Where it does not, what
  /// was read ahead is taken back and read in sequence.
  ///
  /// Returns nil when the run has to go on in sequence (a record larger than a stretch, a wrong cut), with the stream's position
  /// where it goes on, and `first` set up for it.
  func recordsInLanes(
    _ lanes: [Lane], first: BatchWorker, from stream: ByteStream, isBehindComma: Bool
  ) throws(Diagnostic) -> RunEnd? {
    var inFlight: [Batch] = []
    var spare: [Batch] = []
    var submitted = 0
    var behindComma = isBehindComma
    var hasMore = true
    // Whatever happens, no lane may still work on a batch when this returns.
    defer { for batch in inFlight { batch.wait() } }

    /// Gives the bytes of what was read ahead back to the stream.
    func takeBack(_ batch: Batch, from position: Int) {
      var bytes = Array(UnsafeBufferPointer(start: batch.base + position, count: batch.count - position))
      for later in inFlight {
        later.wait()
        bytes += UnsafeBufferPointer(start: later.base, count: later.count)
      }
      inFlight = []
      stream.giveBack(bytes, at: batch.offset + position)
    }

    while true {
      while hasMore, inFlight.count < lanes.count + 2 {
        guard let cutter = first.reader else { return .end }
        var cut: Int?
        if stream.isLast {
          cut = stream.count
        } else {
          cut = cutter.cut(in: stream.base, from: stream.position, to: stream.count)
          if cut == nil, stream.count - stream.position >= 4 * ByteStream.chunk {
            hasMore = false
            break
          }
        }
        guard let cut, cut > stream.position else {
          guard try stream.refill() || stream.isLast else { break }
          if stream.isLast, stream.position == stream.count { hasMore = false }
          continue
        }
        let batch = spare.popLast() ?? Batch()
        batch.count = cut - stream.position
        batch.room(batch.count)
        memcpy(batch.base, stream.base + stream.position, batch.count)
        memset(batch.base + batch.count, 0, ByteStream.padding)
        batch.offset = stream.offset + stream.position
        batch.isLast = stream.isLast
        batch.isBehindComma = behindComma
        behindComma = true
        stream.position = cut
        lanes[submitted % lanes.count].submit(batch)
        submitted += 1
        inFlight.append(batch)
        if batch.isLast { hasMore = false } else { try stream.refill() }
      }
      guard !inFlight.isEmpty else { return nil }
      let batch = inFlight.removeFirst()
      batch.wait()
      try accept(batch.result, of: batch.worker!)
      switch batch.stop {
      case .needMore where batch.position == batch.count && !batch.isInsideRefusedRow:
        spare.append(batch)
        continue
      case .end where batch.isLast && inFlight.isEmpty: return .end
      case .fatal(let error):
        throw Messages.malformed(
          error, source: stream.source.name, offset: batch.offset, format: first.plan.sourceFormat, disposition: .fatal)
      case .closed:
        takeBack(batch, from: batch.position)
        return .closed
      case .needMore, .end, .full, .limit:
        takeBack(batch, from: batch.position)
        handOver(from: batch, to: first)
        return nil
      }
    }
  }

  /// What the reader of a stretch knew and the one that goes on has to know.
  private func handOver(from batch: Batch, to worker: BatchWorker) {
    if batch.isInsideRefusedRow, let reader = batch.worker?.reader, batch.worker !== worker {
      // The state is the reader's own: it goes on itself.
      (worker.reader as? CSVRecordReader).map { own in (reader as? CSVRecordReader).map { own.goOn(as: $0) } }
    }
    (worker.reader as? JSONRecordReader)?.expectsRecord = batch.isBehindCommaAfter
  }
}
