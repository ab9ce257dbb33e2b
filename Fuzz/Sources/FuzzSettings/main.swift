import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkSettings(bytes(data, count))
    return 0
}
