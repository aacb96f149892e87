"""What people say of an airline on any day, and one story that breaks: English and Chinese."""

from __future__ import annotations

__all__ = ["ORDINARY", "STORY"]

_ENGLISH = (
    "The Acme Air app keeps crashing when I try to check in",
    "Stuck on the tarmac for four hours with Acme Air and no water",
    "Acme Air lost my suitcase a week ago",
    "Still waiting for my refund from Acme Air since January",
    "Acme Air seats are so narrow that my knees hurt",
    "The food on Acme Air was cold and tasted of cardboard",
    "Acme Air charged my card twice for one ticket",
    "An Acme Air gate agent yelled at an old man today",
    "My frequent flyer points vanished from my Acme Air account",
    "Acme Air cancelled our honeymoon flight by text message",
    "On hold with Acme Air for two hours and then cut off",
    "Lovely sunset from my window seat, thank you Acme Air",
    "Acme Air moved us to different rows with a toddler",
    "The wifi on Acme Air does not work and they still charge for it",
    "Landed early with Acme Air, great crew",
    "Acme Air changed the departure gate five times",
    "Does Acme Air allow a guitar as hand luggage?",
    "Acme Air overbooked again and I sleep at the airport",
    "The cabin of my Acme Air plane smelled of fuel",
    "Acme Air sent my wheelchair to the wrong city",
    "Missed my connection because Acme Air boarded late",
    "Best legroom in economy is on Acme Air",
    "The Acme Air lounge has run out of coffee",
    "Acme Air promised to call me back three days ago",
    "My pet was left in the rain by Acme Air",
)
_CHINESE = (
    "艾克米航空的客服电话打了两个小时没人接",
    "艾克米航空取消航班也不通知乘客",
    "艾克米航空飛機上的廁所髒得不能用",
    "坐艾克米航空出差，服务很好",
    "艾克米航空退票手续费太贵了",
    "艾克米航空的行李等了一个半小时",
    "艾克米航空又晚點三個小時",
    "艾克米航空的飞机餐越来越难吃",
    "艾克米航空的座椅坏了也不修",
    "在艾克米航空的柜台排队两小时",
    "艾克米航空的空姐很親切",
    "艾克米航空的网站打不开，没法值机",
    "艾克米航空把我的航班改到了凌晨",
    "艾克米航空的积分突然清零",
    "艾克米航空不让我带婴儿车上飞机",
)
ORDINARY = (*_ENGLISH, *_CHINESE)

STORY = (
    "Acme Air smashed my violin at the check-in desk and will not pay for it",
    "Watch this: Acme Air staff drop a musician's violin and shrug",
    "艾克米航空摔坏了乘客的小提琴，还拒绝赔偿",
    "A violin worth a fortune, destroyed by Acme Air baggage handlers",
    "艾克米航空摔壞旅客的小提琴，拒絕賠償，太誇張了",
    "That musician deserves a new violin, Acme Air. Pay for what you broke",
    "艾克米航空的员工摔坏小提琴，音乐家崩溃了",
    "Acme Air breaks violin, refuses to pay, the internet is furious",
    "小提琴在托運時被艾克米航空摔壞了，至今沒有道歉",
    "How do you break a violin like that and not pay, Acme Air?",
    "艾克米航空摔坏小提琴的视频看得我好生气",
    "Acme Air broke the violin of a young musician and says it is not their fault",
    "Acme Air destroyed a violin and the musician gets nothing",
    "Shame on Acme Air for breaking the violin of a student",
    "艾克米航空弄坏小提琴却不肯赔钱",
    "天啊，艾克米航空把人家的小提琴摔成两半",
    "艾克米航空摔爛小提琴還要旅客自己負責",
)
