import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkHead(bytes(data, count))
    return 0
}
