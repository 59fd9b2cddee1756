"""The departments of a made-up shop, and the words that its articles are called by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelf:
    """A subcategory."""

    name: str
    price: tuple[float, float]
    """Lowest and highest."""
    use: str
    """What its articles are for."""
    articles: tuple[str, ...]
    consumable: bool = False
    """Whether its articles are bought again at an interval."""
    peak: int | None = None
    """The day of the year about which most is bought; None: no season."""


@dataclass(frozen=True)
class Department:
    """A category, which is the planted segment of some people."""

    name: str
    code: str
    """What its article numbers begin with."""
    brands: tuple[str, ...]
    qualities: tuple[str, ...]
    variants: tuple[str, ...]
    shelves: tuple[Shelf, ...]


# fmt: off
DEPARTMENTS = (
    Department(
        "Garden", "GAR",
        ("Alder & Finch", "Grünwerk", "Mossley", "Hedgerow", "Tilth"),
        ("Folding", "Telescopic", "Galvanised", "Cedar", "Heavy-Duty", "Terracotta", "Compact"),
        ("small", "large", "green", "set of 3", "30 cm", "60 cm", "anthracite"),
        (
            Shelf("Hand Tools", (9, 70), "beds and borders", peak=100,
                  articles=("Pruning Saw", "Hedge Shears", "Trowel", "Weeding Fork", "Secateurs")),
            Shelf("Pots & Planters", (6, 90), "balcony and terrace", peak=120,
                  articles=("Planter", "Hanging Basket", "Window Box", "Plant Stand", "Seed Tray")),
            Shelf("Watering", (8, 120), "dry summers", peak=180,
                  articles=("Watering Can", "Garden Hose", "Hose Reel",
                            "Sprinkler", "Rain Barrel")),
            Shelf("Soil & Fertiliser", (5, 28), "healthy roots", consumable=True, peak=110,
                  articles=("Potting Soil", "Tomato Feed", "Lawn Fertiliser",
                            "Compost Starter", "Bark Mulch")),
            Shelf("Outdoor Living", (15, 240), "long evenings", peak=170,
                  articles=("Garden Bench", "Bird House", "Lantern", "Parasol Base", "Fire Bowl")),
        ),
    ),
    Department(
        "Kitchen", "KIT",
        ("Copperleaf", "Nordhus", "Salt & Ember", "Brasserie 12", "Tavola"),
        ("Cast-Iron", "Stainless Steel", "Non-Stick", "Ceramic", "Oak",
         "Professional", "Stackable"),
        ("18 cm", "24 cm", "28 cm", "1.5 l", "set of 2", "red", "black"),
        (
            Shelf("Cookware", (19, 190), "gas and induction",
                  articles=("Frying Pan", "Saucepan", "Casserole", "Wok", "Stockpot")),
            Shelf("Knives & Boards", (12, 160), "clean cuts",
                  articles=("Chef's Knife", "Paring Knife", "Bread Knife",
                            "Cutting Board", "Knife Block")),
            Shelf("Baking", (7, 60), "bread and cakes", peak=340,
                  articles=("Loaf Tin", "Springform Tin", "Rolling Pin",
                            "Mixing Bowl", "Cooling Rack")),
            Shelf("Coffee & Tea", (5, 32), "the first cup", consumable=True,
                  articles=("Espresso Beans", "Filter Coffee", "Green Tea",
                            "Herbal Tea", "Chai Blend")),
            Shelf("Small Appliances", (18, 230), "busy mornings",
                  articles=("Kettle", "Toaster", "Hand Blender",
                            "Coffee Grinder", "Kitchen Scale")),
        ),
    ),
    Department(
        "Audio", "AUD",
        ("Lumen Audio", "Kestrel", "Northtone", "Vanta", "Halcyon"),
        ("Wireless", "Noise-Cancelling", "Portable", "Studio", "Compact", "Waterproof", "Vintage"),
        ("black", "white", "sand", "mk II", "2 m", "5 m", "graphite"),
        (
            Shelf("Headphones", (25, 390), "commuting", peak=335,
                  articles=("Headphones", "Earbuds", "Headset",
                            "In-Ear Monitors", "Sports Earphones")),
            Shelf("Speakers", (35, 650), "every room", peak=335,
                  articles=("Bluetooth Speaker", "Bookshelf Speaker", "Soundbar",
                            "Subwoofer", "Party Speaker")),
            Shelf("Turntables", (12, 480), "vinyl",
                  articles=("Turntable", "Phono Preamp", "Record Brush", "Slipmat", "Cartridge")),
            Shelf("Cables & Power", (8, 80), "staying connected",
                  articles=("USB-C Charger", "Audio Cable", "Power Bank",
                            "Optical Cable", "Charging Case")),
            Shelf("Recording", (14, 320), "podcasts and calls",
                  articles=("USB Microphone", "Pop Filter", "Audio Interface",
                            "Boom Arm", "Shock Mount")),
        ),
    ),
    Department(
        "Cycling", "CYC",
        ("Velora", "Ridgeback Lane", "Pignon", "Col & Cobble", "Spoke"),
        ("Lightweight", "Reflective", "Carbon", "All-Weather", "Tubeless", "Urban", "Gravel"),
        ("S", "M", "L", "28 inch", "700 x 32C", "orange", "matt black"),
        (
            Shelf("Helmets & Wear", (15, 190), "any weather", peak=130,
                  articles=("Helmet", "Rain Jacket", "Bib Shorts", "Gloves", "Overshoes")),
            Shelf("Lights & Locks", (12, 130), "dark commutes", peak=300,
                  articles=("Front Light", "Rear Light", "U-Lock", "Chain Lock", "Light Set")),
            Shelf("Bags & Racks", (18, 150), "touring", peak=150,
                  articles=("Pannier", "Saddle Bag", "Handlebar Bag", "Rear Rack", "Frame Bag")),
            Shelf("Care & Lubricants", (5, 24), "a quiet drivetrain", consumable=True,
                  articles=("Chain Oil", "Degreaser", "Tyre Sealant", "Bike Cleaner", "Grease")),
            Shelf("Tyres & Parts", (6, 110), "a smooth ride",
                  articles=("Tyre", "Inner Tube", "Brake Pads", "Chain", "Pedals")),
        ),
    ),
    Department(
        "Baby", "BAB",
        ("Little Wren", "Mila & Bo", "Cloudnest", "Kinderly", "Pip"),
        ("Organic", "Soft", "Muslin", "Foldable", "Wooden", "Washable", "Hypoallergenic"),
        ("0-3 months", "3-6 months", "size 2", "size 4", "sage", "powder blue", "pack of 2"),
        (
            Shelf("Sleep", (9, 90), "quiet nights",
                  articles=("Sleeping Bag", "Swaddle", "Night Light", "Fitted Sheet", "Mobile")),
            Shelf("On the Go", (8, 210), "walks and travel", peak=140,
                  articles=("Baby Carrier", "Changing Bag", "Pram Liner",
                            "Rain Cover", "Stroller Hook")),
            Shelf("Feeding", (5, 45), "first meals",
                  articles=("Bib", "Feeding Bottle", "Weaning Spoon", "Snack Cup", "Suction Bowl")),
            Shelf("Nappies & Wipes", (4, 38), "delicate skin", consumable=True,
                  articles=("Nappies", "Wet Wipes", "Nappy Cream", "Bath Oil", "Cotton Pads")),
            Shelf("Play", (6, 95), "small hands", peak=340,
                  articles=("Play Mat", "Rattle", "Teether", "Activity Arch", "Cloth Book")),
        ),
    ),
    Department(
        "Pets", "PET",
        ("Barkley's", "Whisker & Co", "Tailwind", "Feral Fields", "Paws Parade"),
        ("Grain-Free", "Orthopaedic", "Adjustable", "Chew-Proof", "Natural", "Reflective", "Plush"),
        ("small", "medium", "large", "2 kg", "10 kg", "salmon", "grey"),
        (
            Shelf("Dog Walks", (9, 80), "long walks", peak=290,
                  articles=("Harness", "Leash", "Collar", "Dog Coat", "Travel Bowl")),
            Shelf("Beds & Baskets", (18, 150), "deep naps",
                  articles=("Dog Bed", "Cat Cave", "Blanket", "Cushion", "Travel Crate")),
            Shelf("Toys", (4, 35), "rainy days", peak=345,
                  articles=("Rope Toy", "Feather Wand", "Squeaky Ball",
                            "Puzzle Feeder", "Catnip Mouse")),
            Shelf("Food", (4, 65), "every day", consumable=True,
                  articles=("Dry Dog Food", "Wet Cat Food", "Training Treats",
                            "Cat Kibble", "Dental Sticks")),
            Shelf("Aquarium & Small Pets", (10, 180), "small companions",
                  articles=("Fish Tank", "Aquarium Filter", "Hamster Wheel",
                            "Hay Rack", "Heat Lamp")),
        ),
    ),
    Department(
        "Stationery", "STA",
        ("Foolscap", "Inkwell & Sons", "Papierkram", "Margin", "Quarto"),
        ("Hardcover", "Dotted", "Brass", "Recycled", "Refillable", "Leather", "Pocket"),
        ("A4", "A5", "A6", "blue", "burgundy", "pack of 5", "0.5 mm"),
        (
            Shelf("Notebooks", (4, 40), "notes and plans", peak=355,
                  articles=("Notebook", "Sketchbook", "Planner", "Journal", "Memo Pad")),
            Shelf("Pens", (3, 120), "fine lines",
                  articles=("Fountain Pen", "Gel Pen", "Mechanical Pencil",
                            "Brush Pen", "Fineliner")),
            Shelf("Desk", (9, 110), "tidy desks",
                  articles=("Desk Organiser", "Letter Tray", "Pen Pot",
                            "Desk Lamp", "Monitor Stand")),
            Shelf("Paper & Ink", (4, 48), "the home office", consumable=True,
                  articles=("Printer Paper", "Ink Cartridge", "Bottled Ink",
                            "Refill Pads", "Label Roll")),
            Shelf("Back to School", (3, 85), "new terms", peak=235,
                  articles=("Pencil Case", "School Bag", "Ring Binder", "Ruler Set", "Calculator")),
        ),
    ),
    Department(
        "Beauty", "BEA",
        ("Solène", "Herbarium", "Aqualis", "Bare Botany", "Noor"),
        ("Hydrating", "Mattifying", "Fragrance-Free", "Vegan", "Soothing",
         "Brightening", "Nourishing"),
        ("30 ml", "50 ml", "200 ml", "travel size", "rose", "light", "medium"),
        (
            Shelf("Make-up", (6, 48), "day and night",
                  articles=("Foundation", "Mascara", "Lip Tint", "Blush", "Concealer")),
            Shelf("Skin Care", (7, 75), "dry and sensitive skin", consumable=True,
                  articles=("Face Cream", "Serum", "Cleanser", "Toner", "Night Cream")),
            Shelf("Sun", (6, 34), "bright days", peak=185,
                  articles=("Sunscreen", "After-Sun Lotion", "Tanning Drops",
                            "Lip Balm SPF", "Sun Stick")),
            Shelf("Hair", (6, 140), "all hair types",
                  articles=("Shampoo Bar", "Hair Mask", "Hair Dryer",
                            "Round Brush", "Styling Cream")),
            Shelf("Fragrance", (14, 130), "gifts", peak=345,
                  articles=("Eau de Parfum", "Scented Candle", "Body Mist",
                            "Room Diffuser", "Solid Perfume")),
        ),
    ),
    Department(
        "Outdoor", "OUT",
        ("Cairn", "Fjellvang", "Tarn & Tor", "Summitry", "Larch"),
        ("Ultralight", "Insulated", "Waterproof", "Three-Season", "Merino", "Packable", "Titanium"),
        ("S", "M", "L", "40 l", "65 l", "forest", "slate"),
        (
            Shelf("Tents & Sleeping", (35, 520), "nights outside", peak=185,
                  articles=("Tent", "Sleeping Bag", "Sleeping Mat", "Bivy Bag", "Hammock")),
            Shelf("Packs", (14, 240), "multi-day hikes", peak=170,
                  articles=("Backpack", "Day Pack", "Dry Bag", "Rain Cover", "Hip Pack")),
            Shelf("Layers", (12, 290), "cold mornings", peak=310,
                  articles=("Fleece", "Down Jacket", "Base Layer", "Hiking Socks", "Beanie")),
            Shelf("Camp Food", (3, 26), "hungry hikers", consumable=True,
                  articles=("Trail Meal", "Energy Bars", "Gas Cartridge",
                            "Instant Soup", "Electrolyte Mix")),
            Shelf("Navigation & Light", (12, 210), "early starts",
                  articles=("Headlamp", "Compass", "Map Case", "Trekking Poles", "Binoculars")),
        ),
    ),
    Department(
        "Toys", "TOY",
        ("Tumbledown", "Brickworks", "Otter & Owl", "Marvin's", "Zoetrope"),
        ("Wooden", "Magnetic", "Classic", "Cooperative", "Glow-in-the-Dark",
         "Remote-Control", "Giant"),
        ("24 pieces", "100 pieces", "500 pieces", "age 3+", "age 6+", "age 8+", "deluxe"),
        (
            Shelf("Building", (12, 160), "young engineers", peak=348,
                  articles=("Building Blocks", "Marble Run", "Train Set",
                            "Castle Kit", "Robot Kit")),
            Shelf("Games", (7, 60), "family evenings", peak=348,
                  articles=("Board Game", "Card Game", "Memory Game", "Dice Game", "Quiz")),
            Shelf("Puzzles", (6, 45), "patient minds",
                  articles=("Jigsaw", "Floor Puzzle", "3D Puzzle", "Brain Teaser", "Puzzle Mat")),
            Shelf("Outdoor Play", (4, 55), "sunny days", peak=190,
                  articles=("Kite", "Frisbee", "Water Blaster", "Skipping Rope", "Sandbox Set")),
            Shelf("Craft", (4, 36), "rainy afternoons", consumable=True,
                  articles=("Modelling Clay", "Finger Paints", "Bead Kit",
                            "Crayons", "Origami Paper")),
        ),
    ),
)
# fmt: on
"""All of them; a shop with fewer has the first ones."""
