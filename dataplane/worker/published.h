// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::worker {

struct QsbrDeleter {
    void operator()(rte_rcu_qsbr* qsbr) const noexcept { std::free(qsbr); }
};

/// The forwarding table in force, and those that a worker may still be reading. Publishing swaps
/// a pointer and never waits; a replaced table is freed by a later reclaim(), once each worker has
/// reported a quiescent state or is asleep. A worker that never does keeps old tables alive, which
/// count_overdue() tells; the others go on forwarding.
/// Threads: publish() and reclaim() the control thread; the reader's part any registered worker.
class Published {
public:
    explicit Published(unsigned workers);

    void publish(std::unique_ptr<const forwarding::ForwardingTable> table);
    /// Frees what no worker can hold. Returns how many tables still wait.
    std::size_t reclaim();
    /// Tables that have waited for longer than the limit, counted once each.
    std::size_t count_overdue(std::chrono::milliseconds limit);

    /// The newest table, not null after publish(); valid until the worker's next report or sleep.
    const forwarding::ForwardingTable* read() const noexcept {
        return current_.load(std::memory_order_acquire);
    }
    rte_rcu_qsbr& qsbr() noexcept { return *qsbr_; }

private:
    struct Retired {
        std::unique_ptr<const forwarding::ForwardingTable> table;
        std::uint64_t token = 0;
        std::chrono::steady_clock::time_point since;
        bool is_counted = false;
    };

    std::unique_ptr<rte_rcu_qsbr, QsbrDeleter> qsbr_;
    std::unique_ptr<const forwarding::ForwardingTable> owner_;
    std::atomic<const forwarding::ForwardingTable*> current_{nullptr};
    std::vector<Retired> retired_;
};

/// A worker's side of Published: registered and online while it lives.
class QuiescentReporter {
public:
    QuiescentReporter(rte_rcu_qsbr& qsbr, unsigned worker) noexcept
        : qsbr_{qsbr}, worker_{worker} {
        rte_rcu_qsbr_thread_register(&qsbr_, worker_);
        rte_rcu_qsbr_thread_online(&qsbr_, worker_);
    }
    ~QuiescentReporter() {
        rte_rcu_qsbr_thread_offline(&qsbr_, worker_);
        rte_rcu_qsbr_thread_unregister(&qsbr_, worker_);
    }
    QuiescentReporter(const QuiescentReporter&) = delete;
    QuiescentReporter& operator=(const QuiescentReporter&) = delete;

    /// After the last use of what read() returned.
    void report() noexcept { rte_rcu_qsbr_quiescent(&qsbr_, worker_); }
    /// Before a sleep: nobody waits for a sleeper.
    void go_offline() noexcept { rte_rcu_qsbr_thread_offline(&qsbr_, worker_); }
    /// After a sleep, before the next read().
    void go_online() noexcept { rte_rcu_qsbr_thread_online(&qsbr_, worker_); }

private:
    rte_rcu_qsbr& qsbr_;
    unsigned worker_;
};

}  // namespace ikelb::worker
