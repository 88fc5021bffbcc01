// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/device.h"

#include <cctype>

namespace ikelb::config {
namespace {

bool says(const std::string& device, const char* key) {
    return device.find(std::string{","} + key + "=") != std::string::npos;
}

}  // namespace

bool is_pci_address(std::string_view device) {
    std::string shape;
    for (const char c : device)
        shape += std::isxdigit(static_cast<unsigned char>(c)) != 0 ? 'h' : c;
    if (shape == "hh:hh.h") return true;
    // Some machines have domains above ffff.
    return shape.ends_with("hhhh:hh:hh.h") && shape.find(':') == shape.size() - 8;
}

std::string lower_device(const std::string& device) {
    if (!device.starts_with("net_af_packet") && !device.starts_with("net_af_xdp")) return {};
    const std::size_t at = device.find(",iface=");
    if (at == std::string::npos) return {};
    const std::size_t from = at + 7;
    return device.substr(from, device.find(',', from) - from);
}

std::string complete_device(const std::string& device, std::uint32_t mtu, unsigned queues) {
    std::string whole = device;
    if (!device.starts_with("net_af_packet")) return whole;
    if (!says(device, "qpairs") && queues > 1) whole += ",qpairs=" + std::to_string(queues);
    // By default the ring's frames are 2,048 bytes with the packet header; the kernel would drop a
    // longer frame without a message.
    if (!says(device, "framesz") && mtu > 1500)
        whole += ",blocksz=65536,framesz=16384,framecnt=512";
    return whole;
}

}  // namespace ikelb::config
