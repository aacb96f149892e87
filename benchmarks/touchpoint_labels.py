"""What other people's labels are called in the taxonomies that ship.

The labels are coarser than the touchpoints, or cut otherwise. Where a label fits no touchpoint (a
laptop in general), it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from nlp.training.corpus import REASONS as NAMES

__all__ = ["ASPECTS", "REASONS"]

_BY_REASON = {
    "Bad Flight": "seat cabin entertainment food flight_safety carry_on overbooking seat_choice"
    " special_needs",
    "Cancelled Flight": "cancellation rebooking disruption_care",
    "Customer Service Issue": "call_centre written_service customer_care complaint_handling refund"
    " information check_in",
    "Damaged Luggage": "damaged_baggage",
    "Flight Attendant Complaints": "cabin_crew ground_staff lounge",
    "Flight Booking Problems": "booking website fares fees loyalty changes",
    "Late Flight": "delay on_the_ground connection boarding",
    "Lost Luggage": "lost_baggage baggage_delivery",
    "longlines": "queues",
}

REASONS: Mapping[str, int] = {
    touchpoint: NAMES.index(reason)
    for reason, touchpoints in _BY_REASON.items()
    for touchpoint in touchpoints.split()
}
"""The reason of each touchpoint of an airline, as its place in ``nlp.training.corpus.REASONS``."""

_RAILWAY = {
    "Zugfahrt#Pünktlichkeit": ("delay",),
    "Zugfahrt#Fahrtzeit_und_Schnelligkeit": ("delay",),
    "Zugfahrt#Technische_Schäden_und_Störungen_am_Zug": ("delay", "flight_safety"),
    "Zugfahrt#Anschlusserreichung": ("connection",),
    "Sonstige_Unregelmässigkeiten#Haupt": ("delay", "cancellation", "on_the_ground"),
    "Atmosphäre#Haupt": ("cabin", "seat"),
    "Atmosphäre#Temperatur": ("cabin",),
    "Atmosphäre#Geruch": ("cabin",),
    "Atmosphäre#Sauberkeit_allgemein": ("cabin",),
    "Atmosphäre#Lautstärke": ("cabin", "seat"),
    "Toiletten#Haupt": ("cabin",),
    "Toiletten#Funktionsfähigkeit_Toiletten": ("cabin",),
    "Sicherheit#Haupt": ("flight_safety",),
    "Ticketkauf#Haupt": ("booking", "fares", "website", "fees"),
    "Informationen#Haupt": ("information",),
    "Service_und_Kundenbetreuung#Haupt": (
        *("customer_care", "ground_staff", "cabin_crew"),
        *("call_centre", "written_service", "complaint_handling"),
    ),
    "Service_und_Kundenbetreuung#Zugbetreuung": ("cabin_crew",),
    "Auslastung_und_Platzangebot#Haupt": ("seat", "overbooking"),
    "Komfort_und_Ausstattung#Haupt": ("seat", "cabin"),
    "Komfort_und_Ausstattung#Sitzkomfort": ("seat",),
    "Komfort_und_Ausstattung#Steckdosen": ("seat",),
    "Komfort_und_Ausstattung#Reservierung": ("seat_choice",),
    "Connectivity#WLAN_und_Internet": ("entertainment",),
    "Connectivity#ICE_Portal": ("entertainment",),
    "Connectivity#Haupt": ("entertainment",),
    "Barrierefreiheit#Haupt": ("special_needs",),
    "Reisen_mit_Kindern#Haupt": ("special_needs",),
    "DB_App_und_Website#Haupt": ("website",),
    "DB_App_und_Website#Informationen_DB_App_und_Website": ("website", "information"),
    "DB_App_und_Website#Störungen_DB_App_und_Website": ("website",),
    "Gepäck#Haupt": ("carry_on", "lost_baggage"),
    "Gastronomisches_Angebot#Haupt": ("food",),
    "Gastronomisches_Angebot#Preise": ("food",),
    "Gastronomisches_Angebot#Verfügbarkeit_Bordbistro_und_-restaurant": ("food",),
}

_RESTAURANT = {
    "FOOD#QUALITY": ("food", "food_safety"),
    "FOOD#STYLE_OPTIONS": ("menu", "food"),
    "FOOD#PRICES": ("price",),
    "DRINKS#QUALITY": ("drinks",),
    "DRINKS#STYLE_OPTIONS": ("drinks", "menu"),
    "DRINKS#PRICES": ("price",),
    "RESTAURANT#PRICES": ("price",),
    "SERVICE#GENERAL": ("service", "speed", "waiting", "order_accuracy"),
    "SERVICE#QUALITY": ("service",),
    "AMBIENCE#GENERAL": ("ambience",),
    "AMBIENCE#STYLE_OPTIONS": ("ambience",),
    "LOCATION#GENERAL": ("location",),
}

_HOTEL = {
    "FOOD_DRINKS#QUALITY": ("food",),
    "FOOD_DRINKS#STYLE_OPTIONS": ("food",),
    "FOOD_DRINKS#COMFORT": ("food",),
    "FOOD_DRINKS#DESIGN_FEATURES": ("food",),
    "FOOD_DRINKS#GENERAL": ("food",),
    "FOOD_DRINKS#PRICE": ("food", "price"),
    "SERVICE#QUALITY": ("staff", "check_in"),
    "SERVICE#COMFORT": ("staff", "check_in"),
    "SERVICE#PRICE": ("price",),
    "LOCATION#GENERAL": ("location",),
    "LOCATION#QUALITY": ("location",),
    "FACILITIES#QUALITY": ("facilities", "bathroom", "comfort"),
    "FACILITIES#DESIGN_FEATURES": ("facilities", "bathroom", "comfort"),
    "FACILITIES#COMFORT": ("facilities", "bathroom", "comfort"),
    "FACILITIES#GENERAL": ("facilities",),
    "FACILITIES#CLEANLINESS": ("cleanliness",),
    "ROOMS#COMFORT": ("room", "bed", "noise", "comfort"),
    "ROOMS#CLEANLINESS": ("cleanliness",),
    "ROOMS#DESIGN_FEATURES": ("room",),
    "ROOMS#QUALITY": ("room",),
    "HOTEL#CLEANLINESS": ("cleanliness",),
    "HOTEL#PRICE": ("price",),
    "ROOM_AMENITIES#COMFORT": ("comfort", "bathroom"),
    "ROOM_AMENITIES#STYLE_OPTIONS": ("comfort", "bathroom"),
    "ROOM_AMENITIES#QUALITY": ("comfort", "bathroom"),
}

_LAPTOP = {
    "LAPTOP#OPERATION_PERFORMANCE": ("speed",),
    "LAPTOP#PRICE": ("price",),
    "LAPTOP#PORTABILITY": ("device",),
    "LAPTOP#DESIGN_FEATURES": ("usability", "device", "features"),
    "LAPTOP#USABILITY": ("usability",),
    "BATTERY#GENERAL": ("battery",),
    "BATTERY#OPERATION_PERFORMANCE": ("battery",),
    "BATTERY#DESIGN_FEATURES": ("battery",),
    "BATTERY#PORTABILITY": ("battery",),
    "POWER_SUPPLY#GENERAL": ("battery",),
    "POWER_SUPPLY#OPERATION_PERFORMANCE": ("battery",),
    "POWER_SUPPLY#DESIGN_FEATURES": ("battery",),
    "FANS_COOLING#GENERAL": ("battery",),
    "FANS_COOLING#OPERATION_PERFORMANCE": ("battery",),
    "FANS_COOLING#DESIGN_FEATURES": ("battery",),
    "DISPLAY#GENERAL": ("device",),
    "DISPLAY#QUALITY": ("device",),
    "DISPLAY#DESIGN_FEATURES": ("device",),
    "DISPLAY#OPERATION_PERFORMANCE": ("device",),
    "KEYBOARD#GENERAL": ("device",),
    "KEYBOARD#QUALITY": ("device",),
    "KEYBOARD#USABILITY": ("device",),
    "KEYBOARD#DESIGN_FEATURES": ("device",),
    "MOUSE#GENERAL": ("device",),
    "MOUSE#OPERATION_PERFORMANCE": ("device",),
    "MULTIMEDIA_DEVICES#GENERAL": ("device",),
    "PORTS#QUALITY": ("device",),
    "PORTS#DESIGN_FEATURES": ("device",),
    "CPU#GENERAL": ("speed",),
    "CPU#OPERATION_PERFORMANCE": ("speed",),
    "GRAPHICS#GENERAL": ("speed", "device"),
    "GRAPHICS#QUALITY": ("speed", "device"),
    "GRAPHICS#OPERATION_PERFORMANCE": ("speed", "device"),
    "MEMORY#GENERAL": ("speed", "sync"),
    "MEMORY#OPERATION_PERFORMANCE": ("speed", "sync"),
    "HARD_DISK#GENERAL": ("sync", "speed"),
    "OS#GENERAL": ("installation", "updates"),
    "SUPPORT#GENERAL": ("support",),
    "SUPPORT#QUALITY": ("support",),
    "WARRANTY#GENERAL": ("refund",),
}

ASPECTS: tuple[tuple[str, str, Mapping[str, tuple[str, ...]]], ...] = (
    ("germeval17_dev_de", "airline", _RAILWAY),
    ("dimabsa_restaurant_en", "restaurant", _RESTAURANT),
    ("dimabsa_restaurant_zh-Hant", "restaurant", _RESTAURANT),
    ("dimabsa_restaurant_ru", "restaurant", _RESTAURANT),
    ("dimabsa_hotel_ja", "hotel", _HOTEL),
    ("dimabsa_laptop_en", "software", _LAPTOP),
    ("dimabsa_laptop_zh-Hant", "software", _LAPTOP),
)
"""Each set with the taxonomy that it is read by, and what its aspects are called there."""
