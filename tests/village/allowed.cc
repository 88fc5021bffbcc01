// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/allowed.h"

#include <algorithm>
#include <optional>

namespace ikelb::village {

namespace {

bool has_been_spoken_to(const Village& attacked, const Step& asked) {
    return std::ranges::any_of(attacked.world.steps(), [&](const Step& step) {
        const Datagram& sent = step.datagram;
        return step.server >= 0 && sent.place == asked.datagram.place &&
               sent.key == asked.datagram.key && sent.is_speech();
    });
}

/// A server's ESP proves the SA whose login, or the delete of whose child, that server answered
/// last at the place; it is asked twice a minute. Until then a restart forgets which it was, and a
/// login that fails there, of a mate behind the user's NAT, takes its part. The SA is not known for
/// long then, and when it moves, its first request goes astray.
bool is_unproven(const Village& attacked, const Step& asked) {
    constexpr Seconds at_last = 35;
    if (asked.server >= 0 || !asked.datagram.is_request()) return false;
    const Step* unproven = nullptr;
    for (const Step& step : attacked.world.steps()) {
        const Datagram& sent = step.datagram;
        const bool is_login = sent.ike.exchange == oracle::ike_auth;
        const bool is_answer = step.server >= 0 && sent.kind == Kind::ike && sent.ike.is_response &&
                               (is_login || sent.ike.holds_delete);
        if (is_answer && sent.ike_sa() == asked.datagram.ike_sa()) {
            unproven = &step;
            if (std::ranges::any_of(attacked.restarts, [&](Seconds at) {
                    return at >= step.at && at <= step.at + at_last;
                }))
                return true;
        } else if (unproven != nullptr && step.server == unproven->server &&
                   sent.place == unproven->datagram.place) {
            if (is_answer && is_login && step.is_unknown) return true;
            if (sent.kind == Kind::esp && step.at > unproven->at + at_last) unproven = nullptr;
        }
    }
    return false;
}

/// ESP whose SPI came from the same address before its client used it, or while that was silent.
/// An address has one claim to an SPI: where the port is not told from that of the first, it stays.
bool is_claimed_ahead(const Village& attacked, const Step& asked) {
    constexpr Seconds silence = 300;
    if (asked.server >= 0 || asked.datagram.kind != Kind::esp) return false;
    const auto are_taken_for_one = [&](const Datagram& one, const Datagram& other) {
        return one.place.client == other.place.client &&
               !attacked.world.balancer().tells_apart(one, other);
    };
    std::vector<const Datagram*> forged;
    Seconds last = 0;
    for (const Step& step : attacked.world.steps()) {
        const Datagram& sent = step.datagram;
        if (step.server >= 0 || sent.kind != Kind::esp || sent.esp.spi != asked.datagram.esp.spi)
            continue;
        if (step.from == nullptr) {
            forged.push_back(&sent);
            continue;
        }
        for (const Datagram* const one : forged)
            if (step.at - last >= silence && one->place.client == sent.place.client &&
                are_taken_for_one(*one, asked.datagram))
                return true;
        last = step.at;
    }
    return false;
}

/// ESP of an SPI that its client has used at another place alone, where its server was not heard
/// since. There an SPI is claimed at once if a second server is asked beside the one that has the
/// place, and only after that one was heard if it is asked alone. Whoever has his server speak
/// there changes which it is.
bool is_unconfirmed(const Village& attacked, const Step& asked) {
    const Datagram& its = asked.datagram;
    if (asked.server >= 0 || its.kind != Kind::esp) return false;
    std::optional<Place> shown;
    for (const Step& step : attacked.world.steps()) {
        const Datagram& sent = step.datagram;
        if (step.server >= 0) {
            if (shown && sent.place == *shown && sent.key == its.key) return false;
            continue;
        }
        if (sent.kind != Kind::esp || sent.key != its.key || sent.esp.spi != its.esp.spi ||
            sent.esp.sequence >= its.esp.sequence)
            continue;
        if (sent.place == its.place || (shown && sent.place != *shown)) return false;
        shown = sent.place;
    }
    return shown && std::ranges::any_of(attacked.world.steps(), [&](const Step& step) {
               return step.server >= 0 && step.datagram.place == *shown &&
                      step.datagram.key == attacked.attacker->key() && step.datagram.is_speech();
           });
}

/// The first request after an IKE rekey, where a server has only answered so far: whoever has
/// logins answered has as much there, so it has no share of its own of requests that nobody knows.
bool is_held_up(const Village& attacked, const Step& refused) {
    return refused.verdict == "unknown_pair_limited" && !has_been_spoken_to(attacked, refused);
}

/// More places at once than there is room for, each with two servers that have answered him. ESP
/// goes to whoever speaks where it comes from, until a server that has only answered there does so
/// again.
bool is_flushed(const Village& attacked, const Step& asked) {
    constexpr Seconds standing = 300;
    if (asked.server >= 0 || asked.datagram.kind != Kind::esp || !attacked.flushed_at ||
        asked.at - *attacked.flushed_at >= standing || has_been_spoken_to(attacked, asked))
        return false;
    return std::ranges::none_of(attacked.world.steps(), [&](const Step& step) {
        return step.server >= 0 && step.at > *attacked.flushed_at && step.at < asked.at &&
               step.datagram.place == asked.datagram.place &&
               step.datagram.key == asked.datagram.key;
    });
}

/// ESP in fragments has no copies that are whole. It goes to the first of the servers that are
/// asked once its SPI was claimed for others as well. It may have been while users recovered.
bool is_cut_off(const Village& attacked, const Client& user) {
    return std::ranges::any_of(attacked.world.steps(), [&](const Step& step) {
        return step.from == &user && step.datagram.cut_as != 0 && !step.taken_by &&
               attacked.sprayed.contains(step.datagram.esp.spi);
    });
}

/// A reply of a server whose address several VIPs share, where it speaks of two SAs by turns: its
/// client's, and one that this left at the other VIP. In peace, too, some go astray.
bool is_of_two_voices(const Village& attacked, const Step& asked) {
    constexpr Seconds lately = 30;
    const Site& site = attacked.world.site();
    if (asked.server < 0 || site.vips < 2 || site.has_aliases) return false;
    return std::ranges::any_of(attacked.world.steps(), [&](const Step& step) {
        const Datagram& sent = step.datagram;
        return step.server == asked.server && sent.place == asked.datagram.place &&
               sent.vip != asked.datagram.vip && sent.is_speech() &&
               step.at <= asked.at && asked.at - step.at < lately;
    });
}

}  // namespace

bool is_unseen(const Village& attacked, const Step& asked) {
    const Datagram& its = asked.datagram;
    if (asked.server >= 0) return false;
    const auto count = [&](auto&& is_one) {
        return std::ranges::count_if(attacked.world.steps(), is_one);
    };
    if (its.is_request())
        return count([&](const Step& step) {
                   return step.at < asked.at && step.server >= 0 &&
                          step.datagram.kind == Kind::ike && step.datagram.ike_sa() == its.ike_sa();
               }) == 0;
    return its.kind == Kind::esp && count([&](const Step& step) {
                                        const Datagram& sent = step.datagram;
                                        return step.server < 0 && sent.kind == Kind::esp &&
                                               sent.key == its.key && sent.esp.spi == its.esp.spi &&
                                               sent.esp.sequence < its.esp.sequence;
                                    }) < 2;
}

bool is_limit(const Village& attacked, const Client& user, const Step& asked, const Step* met) {
    // Where he is not, it would not come to him.
    const bool is_gain = asked.server >= 0 && (!asked.way || asked.way->vip != user.habits.vip);
    return is_gain || is_unproven(attacked, asked) || is_claimed_ahead(attacked, asked) ||
           is_unconfirmed(attacked, asked) || is_of_two_voices(attacked, asked) ||
           (met != nullptr && is_held_up(attacked, *met)) || is_flushed(attacked, asked) ||
           is_cut_off(attacked, user);
}

}  // namespace ikelb::village
