// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "controlplane/ctl/run.h"

namespace {

/// In characters; 0 if standard output is no terminal.
std::size_t terminal_width() {
    winsize size{};
    if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

}  // namespace

int main(int argc, char** argv) {
    return static_cast<int>(
        ikelb::ctl::run_ikelbctl(argc, argv, std::cout, std::cerr, terminal_width()));
}
