// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/datagram.h"

namespace ikelb::village {

std::uint64_t drawn(std::initializer_list<std::uint64_t> from) {
    std::uint64_t mix = 0x9e3779b97f4a7c15;
    for (const std::uint64_t word : from) {
        mix ^= word;
        mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9;
        mix = (mix ^ mix >> 27) * 0x94d049bb133111eb;
        mix ^= mix >> 31;
    }
    return mix | 256;
}

std::uint64_t drawn(std::string_view name) {
    std::uint64_t mix = 0xcbf29ce484222325;
    for (const char c : name) mix = (mix ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return drawn({mix});
}

std::string text(const Datagram& datagram, int server, const std::string& who) {
    return oracle::text(
        {.what = server < 0 ? oracle::What::from_client : oracle::What::from_backend,
         .backend = server,
         .vip = datagram.vip,
         .place = datagram.place,
         .kind = datagram.kind,
         .ike = datagram.ike,
         .esp = datagram.esp,
         .who = who.c_str()});
}

}  // namespace ikelb::village
