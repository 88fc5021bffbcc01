// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_rcu_qsbr.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::worker {

struct QsbrDeleter {
    void operator()(rte_rcu_qsbr* qsbr) const noexcept { std::free(qsbr); }
};

/// The current forwarding table, and replaced ones that a worker may still read. publish() swaps a
/// pointer and never waits; reclaim() frees a replaced table once each worker has reported a
/// quiescent state or is asleep. count_overdue() reveals a worker that never does. Threads: the
/// control thread calls publish() and reclaim(), registered workers read.
class Published {
public:
    explicit Published(unsigned workers) {
        const std::size_t bytes = rte_rcu_qsbr_get_memsize(workers);
        qsbr_.reset(static_cast<rte_rcu_qsbr*>(
            std::aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(bytes))));
        if (!qsbr_) throw std::bad_alloc{};
        rte_rcu_qsbr_init(qsbr_.get(), workers);
    }

    void publish(std::unique_ptr<const forwarding::ForwardingTable> table) {
        current_.store(table.get(), std::memory_order_release);
        std::swap(owner_, table);
        if (table)
            retired_.push_back({.table = std::move(table),
                                .token = rte_rcu_qsbr_start(qsbr_.get()),
                                .since = std::chrono::steady_clock::now()});
    }
    /// Frees tables that no worker can hold. Returns the number of tables that still wait.
    std::size_t reclaim() {
        std::erase_if(retired_, [&](const Retired& retired) {
            return rte_rcu_qsbr_check(qsbr_.get(), retired.token, false) == 1;
        });
        return retired_.size();
    }
    /// Tables that have waited for longer than the limit, counted once each.
    std::size_t count_overdue(std::chrono::milliseconds limit) {
        const auto now = std::chrono::steady_clock::now();
        return static_cast<std::size_t>(std::ranges::count_if(retired_, [&](Retired& retired) {
            return now - retired.since >= limit && !std::exchange(retired.is_counted, true);
        }));
    }

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

    /// Call after the last use of read()'s result.
    void report() noexcept { rte_rcu_qsbr_quiescent(&qsbr_, worker_); }
    /// Call before a sleep: reclaim() does not wait for a sleeping worker.
    void go_offline() noexcept { rte_rcu_qsbr_thread_offline(&qsbr_, worker_); }
    /// Call after a sleep, before the next read().
    void go_online() noexcept { rte_rcu_qsbr_thread_online(&qsbr_, worker_); }

private:
    rte_rcu_qsbr& qsbr_;
    unsigned worker_;
};

}  // namespace ikelb::worker
