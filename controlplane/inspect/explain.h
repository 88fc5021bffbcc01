// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::inspect {

/// A client's datagram to ask about.
struct Question {
    enum class Kind : std::uint8_t {
        new_sa,  ///< a request that begins an IKE SA
        ike,     ///< IKE of an SA that has both SPIs
        esp,     ///< ESP in UDP, port 4500
    };
    Kind kind = Kind::new_sa;
    net::IpAddress client{};
    std::uint16_t port = 0;
    forwarding::FrontendIndex frontend = 0;  ///< of the client's family
    std::uint64_t initiator_spi = 0;     ///< host byte order, not 0; of IKE
    std::uint64_t responder_spi = 0;
    std::uint32_t esp_spi = 0;           ///< 256 and more; of ESP
};

enum class RuleOutcome : std::uint8_t {
    miss,
    hit,
    backend_down,  ///< a hit, and the packet is dropped
};

/// A record that a rule went by.
struct RecordSeen {
    std::string_view state{};  ///< empty: such records have none
    forwarding::Seconds last_seen = 0;
};

/// What one rule says, whatever those before it say.
struct RuleAnswer {
    pipeline::Rule rule = pipeline::Rule::none;
    RuleOutcome outcome = RuleOutcome::miss;
    forwarding::BackendIndex backend = forwarding::no_backend;
    std::optional<RecordSeen> record{};         ///< that it went by, where there is one
    std::optional<forwarding::Seconds> age{};  ///< of the record; IKE SAs know theirs
};

struct Explanation {
    /// undecided: it is forwarded to the backend, as far as steering goes.
    pipeline::Verdict verdict = pipeline::Verdict::undecided;
    pipeline::Rule rule = pipeline::Rule::none;  ///< that decides
    forwarding::BackendIndex backend = forwarding::no_backend;
    /// Of ESP that no claim decides: the backends that get it as well, always; and those that get
    /// a copy as far as the share of its client's address and port allows.
    std::vector<forwarding::BackendIndex> also{};
    std::vector<forwarding::BackendIndex> copies{};
    std::vector<RuleAnswer> rules{};  ///< in their order
    /// What would happen without any of them; undecided where the scheduler is the last.
    pipeline::Verdict otherwise = pipeline::Verdict::undecided;
};

/// Asks the rules of the packet path, one after the other, about a crafted datagram. Nothing in the
/// directory changes.
/// Threads: one; the directory is read beside the workers.
class Explainer {
public:
    /// All outlive this.
    Explainer(const forwarding::ForwardingTable& table, sessions::Directory& directory,
              forwarding::Seconds now);

    Explanation explain(const Question& question);

private:
    // Thrown away: what is counted and spent here is nobody's traffic.
    const std::unique_ptr<pipeline::Counters> counters_;
    const std::unique_ptr<pipeline::WorkerMemory> memory_;
    const pipeline::Context context_;
};

}  // namespace ikelb::inspect
