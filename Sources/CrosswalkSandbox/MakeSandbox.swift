package import CrosswalkModel

/// What plays the systems of a job, with the records that the store has, or with the job's data in an empty one.
package func makeSandbox(_ job: SandboxJob, store: SandboxStore) throws(Diagnostic) -> any SandboxService {
  throw Diagnostic(.usage, "the sandbox is not built yet")
}
