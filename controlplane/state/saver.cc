// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/saver.h"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <system_error>
#include <utility>

#include "controlplane/state/disk.h"

namespace ikelb::state {
namespace {

/// A save must not slow the workers.
constexpr int niceness = 10;

Result<void> save(const std::filesystem::path& file, const sessions::SessionTables& sessions,
                  const View& view) {
    return write_state_file(file, view.facts,
                            [&](Encoder& encoder) { add_records(sessions, view, encoder); });
}

/// The thread that waits for signals keeps them: a new thread inherits its creator's mask.
class BlockSignals {
public:
    BlockSignals() {
        ::sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockSignals(const BlockSignals&) = delete;
    BlockSignals& operator=(const BlockSignals&) = delete;

private:
    ::sigset_t before_;
};

}  // namespace

bool Saver::start(const sessions::SessionTables& sessions, View view) {
    {
        const std::lock_guard lock{mutex_};
        if (is_saving_) return false;
        is_saving_ = true;
    }
    wait();  // joins the last save's thread, which has nothing left to do
    const BlockSignals blocked;
    try {
        thread_ = std::thread{[this, &sessions, view = std::move(view)] {
            pthread_setname_np(pthread_self(), "ikelb-state");
            setpriority(PRIO_PROCESS, 0, niceness);  // on Linux: only this thread
            note(save(file_, sessions, view));
        }};
    } catch (const std::system_error& error) {
        note(Error{std::string{"cannot start a thread to save the state: "} + error.what()});
    }
    return true;
}

void Saver::wait() {
    if (thread_.joinable()) thread_.join();
}

void Saver::save_now(const sessions::SessionTables& sessions, const View& view) {
    wait();
    note(save(file_, sessions, view));
}

void Saver::save_now(const Facts& facts) {
    wait();
    note(write_state_file(file_, facts, [](Encoder&) {}));
}

void Saver::note(const Result<void>& result) {
    const std::lock_guard lock{mutex_};
    is_saving_ = false;
    log_.error = result ? std::string{} : result.error().message;
    if (result)
        log_.last_success = std::chrono::system_clock::now();
    else
        ++log_.failures;
}

SaveLog Saver::log() const {
    const std::lock_guard lock{mutex_};
    return log_;
}

}  // namespace ikelb::state
