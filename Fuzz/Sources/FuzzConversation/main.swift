import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkConversation(bytes(data, count))
    return 0
}
