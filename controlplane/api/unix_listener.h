// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include <sys/types.h>

#include <boost/system/result.hpp>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::api {

struct ServerError {
    std::string message;
};

/// A listening UNIX stream socket and its file. Move-only; closing removes the file, unless another
/// process has replaced it.
class UnixListener {
public:
    /// Binds `path` with exactly the permissions `mode` from the first moment. Replaces a socket
    /// file without a listener (its process was killed); refuses one that answers, and a file that
    /// is no socket.
    static boost::system::result<UnixListener, ServerError> bind(const std::string& path,
                                                                 mode_t mode);

    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&&) = delete;
    ~UnixListener();

    /// The caller owns the descriptor from here on; the listener still removes the file.
    int release_descriptor() noexcept { return fd_.release(); }

private:
    UnixListener(posix::FileDescriptor fd, std::string path, dev_t device, ino_t inode);

    posix::FileDescriptor fd_;
    std::string path_;
    dev_t device_;
    ino_t inode_;
};

}  // namespace ikelb::api
