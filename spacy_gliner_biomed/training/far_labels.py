"""Labels that no biomedical text holds a mention of.

Asked in training, they teach a network that a prompt may have no answer. Written for this
project; nothing that a note, a protocol or an abstract could mention is among them (so no
"animal", "city", "number" or "game").
"""

_LABELS = """
airline; airport code; album title; algebraic theorem; alpine pass; ancient temple; anthem;
arcade machine; aria; art movement; asteroid; astronaut mission; auction house; ballet; baseball
pitch; basketball team; battle; battleship; beauty pageant; bell tower; bicycle brand; blues
guitarist; board of directors; bond yield; book publisher; bowling term; boxing champion; brass
instrument; bridge over a river; broadcast frequency; bus line; calendar of saints; camera lens;
canal lock; car model; card game; cartoon character; castle; cathedral; cave painting; cello
concerto; central bank; ceramic glaze; checkmate pattern; chess opening; choir; circus act;
civil war; coin; comet; comic book hero; commodity price; composer; computer game;
constellation; constitution article; corporate merger; court ruling; crime novel; cricket shot;
crossword clue; crypto currency; currency exchange rate; curling term; dance step; dating app;
deity; desert; detective; dialect; dinosaur; diplomat; documentary film; dragon; drum pattern;
duchess; dynasty; earthquake fault; eclipse; election result; embassy; emperor; encryption
algorithm; epic poem; esports team; fable; fairy tale; fashion designer; fencing move; ferry;
fictional planet; film director; film festival; fighter aircraft; flag; folk song; font;
football club; football stadium; fortress; fountain; freight train; galaxy; gambling term;
gemstone cut; ghost story; glacier; goalkeeper; golf course; government minister; Grand Prix
circuit; Greek myth; guitar chord; gymnastics element; harbour; hat style; heraldry; highway
exit; historical treaty; hockey goal; horoscope; horse race; hotel chain; hymn; ice hockey
league; igloo; impressionist painter; inflation rate; interest rate; island chain; jazz
standard; jewellery; jousting tournament; judo throw; kingdom; kite; knight; knitting stitch;
lake; landlord; lighthouse; limerick; literary award; locomotive; lottery; luxury brand;
magician; martial art; mathematical constant; mayor; medieval guild; mermaid; meteor shower;
metro station; military rank; monastery; monarch; moon of Jupiter; motor race; motorcycle;
mountain range; movie title; mural; musical genre; musical instrument; musical key; national
park; naval battle; news anchor; newspaper; Nobel laureate in literature; nursery rhyme; Olympic
event; opera; operating system kernel; orchestra; origami figure; palace; parade; parliament;
peace treaty; peninsula; philosopher; photographer; piano sonata; pirate; playing card;
playwright; poet; poker hand; political party; pop song; pope; postage stamp; presidential
candidate; prime minister; programming language; prophet; proverb; province capital; pyramid;
quarterback; quiz show; racehorse; radio station; railway station; rap lyric; real estate agent;
reality show; referee; revolution; rock band; rocket; roller coaster; Roman emperor; royal
family; rugby position; rune; sailing ship; satellite; saxophone solo; science fiction novel;
sculpture; senator; shipwreck; shopping mall; siege; singer; skateboard trick; ski resort;
skyscraper; soap opera; soccer player; sonnet; space probe; space station; spy; stained glass
window; star system; stock exchange; stock ticker; street artist; string quartet; submarine;
sultan; superhero; supermarket chain; surfing spot; swimming stroke record; symphony; tango;
tapestry; tax bracket; television series; tennis tournament; theatre; theme park; toy brand;
trade agreement; trade union; train timetable; trapeze; treasure; tribe chief; trigonometric
function; trumpet; tsar; typewriter; unicorn; university rankings; vampire; vaudeville act;
video game console; village festival; vineyard; violinist; virtual reality headset; volcano;
waltz; war memorial; warship; watch brand; waterfall; weather front; wedding dress; werewolf;
wizard; world record; wrestling hold; yacht; zeppelin; zodiac sign; zoo keeper
"""

FAR_LABELS: tuple[str, ...] = tuple(" ".join(_LABELS.split()).split("; "))
