// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <vector>

#include "tests/oracle/event.h"

namespace ikelb::oracle {

/// What a backend's datagram says about its presence at a client's place, weaker to stronger. A
/// login's fresh answer is as strong as an SA's, but takes nothing from one that is as strong.
enum class Said { nothing, alive, called, nominated, login, strong, spoke };

/// What a backend is to a client's place.
enum class Standing { called, nominated, strong, spoke };

struct Stander {
    int backend = -1;
    int generation = 0;
    Standing standing = Standing::called;
    Seconds last = 0;
};

/// Would this one have the flow rather than the other?
bool is_better(const Stander& one, const Stander& other);

/// Who stands at a client's place. The first one has the flow.
class Standers {
public:
    using Counts = std::function<bool(const Stander&)>;
    using MayCreate = std::function<bool()>;  ///< asked once, and only if it is about to

    /// Those who are still there; whoever is not is forgotten.
    const std::vector<Stander>& look(Seconds now, const Counts& counts);
    /// True: it changed something.
    bool hear(const Stander& who, Said said, const Counts& counts, const MayCreate& may_create);
    /// Who had the flow when it was written last.
    bool is_first(int backend) const { return !all_.empty() && all_.front().backend == backend; }

    /// Whose flow it is as it was written last, as long as that lives.
    const Stander* flow(Seconds now) const;

    int router = 0;       ///< of the flow's replies
    bool awaits = false;  ///< a candidate SPI waits for whoever has the flow

private:
    bool hear_first(Said said, Seconds now);
    bool hear_other(const Stander& who, Said said, const MayCreate& may_create);
    void forget(int backend);
    void make_first(int backend);
    void drop_worst();
    template <typename Gone>
    void remove(Gone gone);

    std::vector<Stander> all_;
};

}  // namespace ikelb::oracle
