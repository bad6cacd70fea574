// Does a peer's evidence say what this rank's policy demands?
//
// A report is signed by the processor (SEV-SNP) or by an enclave of its vendor (TDX). It says what was loaded into a protected virtual
// machine when that started, the measurement, and holds 64 bytes that software inside it handed in: here the binding of the handshake
// (shardlm/seal/handshake.hpp), and 32 zero bytes.
//
// A peer without such hardware cannot present somebody else's report, because the user data is its own binding: a digest of both roles,
// of the peer's identity and of the transcript, in which both sides' random numbers and keys of this run are. Which one the peer's report
// must hold is worked out here, not told by the peer. A report that was made for another run, pair, role or identity holds another one;
// so does the report that this rank presented itself. What is left is to find software in a protected machine that asks for a report in
// the peer's name. ShardLM there never does: it asks for its own handshakes, made with its own identity. Whether ShardLM is what runs
// there is what the measurement says, so a report of an unknown measurement speaks for an unknown program.
//
// What is checked here: the provider, the report's layout, the user data, that neither host nor tools may look into the machine (debug
// flags), and the measurement. NOT the signature and its chain of certificates, their revocation, how old the firmware is, or
// whether the machine may be moved to another host: without a verifier command, whoever holds the peer's identity can have written the
// report by hand. With one, its exit status decides, besides all of the above.
//
// The state of GPUs is the word of the peer's program, under the peer's identity. It is worth as much as the report and its measurement
// say about that program.
#pragma once

#include "shardlm/attest/evidence.hpp"
#include "shardlm/attest/policy.hpp"

namespace shardlm::attest {

struct Verdict {
  // What was checked and no more, for people, such as
  //   attestation: none (software encryption only)
  //   attestation: sev_guest, user data and measurement match; signature not verified (no verifier named)
  //   attestation: tdx_guest, user data, mrtd and rtmr1 match; verified by check
  std::string summary = "attestation: none (software encryption only)";

  bool hardware = false;  // the peer presents a report, and it passed all of the policy; unless `verified`, that is the peer's word
  bool measured = false;  // and its measurement was one of those expected
  bool verified = false;  // and the verifier command accepted it
  bool gpu = false;       // the peer says that its GPUs are confidential
};

// Evidence as it came from the peer, and the user data that it must hold. Throws Error for evidence that is not what the policy demands;
// the sentence says what is wrong, and the caller with which rank. May take as long as the verifier command may.
Verdict verify(const Policy& policy, const Bytes& evidence, const UserData& expected);

}  // namespace shardlm::attest
