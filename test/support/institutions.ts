import type { Context } from '../../src/context.ts'
import { raiseCacheVersion } from '../../src/database/cache-versions.ts'
import { sha256 } from '../../src/lib/digest.ts'
import type { Provider } from '../../src/upstream/provider.ts'
import { saveFederatedProviders } from '../../src/upstream/store.ts'

// Owns made-up institutions by the thousand: the same ones each time, named as in twenty languages, each with an English name, an
// abbreviation, a domain and a country. Towns are real words; the institutions are not.

interface Tongue {
  readonly language: string
  readonly country: string
  /** Forms of a name, with the English form and the letters of the abbreviation; `{}` is the town. */
  readonly kinds: readonly (readonly [name: string, english: string, letters: string])[]
  /** Towns as written there, and in Latin letters. */
  readonly towns: string
}

const ENGLISH = ['University of {}', '{} University of Applied Sciences', '{} Institute of Technology', '{} School of Economics', '{} Academy of Music', '{} Medical University', '{} College of Education', '{} Research Library', '{} Observatory', '{} Polytechnic'] as const
const LETTERS = ['U', 'UAS', 'IT', 'SE', 'AM', 'MU', 'CE', 'RL', 'O', 'P'] as const

function kinds(...names: readonly string[]): Tongue['kinds'] {
  return names.map((name, i) => [name, ENGLISH[i] ?? '', LETTERS[i] ?? ''])
}

const tongues: readonly Tongue[] = [
  { language: 'en', country: 'gb', kinds: kinds(...ENGLISH), towns: 'Ashford Barrow Cheddar Dunster Evesham Frome Goole Hexham Ilkley Jarrow Keswick Ludlow Malvern Nantwich Oakham Penzance Redruth Skipton Thirsk Ulverston Ventnor Whitby Yeovil Alnwick Buxton' },
  { language: 'nb', country: 'no', kinds: kinds('Universitetet i {}', 'Høgskolen i {}', '{} tekniske høyskole', '{} handelshøyskole', 'Musikkhøgskolen i {}', '{} medisinske universitet', 'Lærerhøgskolen i {}', '{} forskningsbibliotek', '{} observatorium', 'Fagskolen i {}'), towns: 'Ålesund Bodø Drøbak Egersund Førde Gjøvik Hønefoss Ørsta Jørpeland Kragerø Lillehammer Mosjøen Namsos Odda Porsgrunn Røros Sandefjord Tromsø Ulsteinvik Vadsø Åndalsnes Stjørdal Hammerfest Brønnøysund Årdal' },
  { language: 'sv', country: 'se', kinds: kinds('{} universitet', 'Högskolan i {}', '{} tekniska högskola', 'Handelshögskolan i {}', 'Musikhögskolan i {}', '{} medicinska universitet', 'Lärarhögskolan i {}', '{} forskningsbibliotek', '{} observatorium', 'Yrkeshögskolan i {}'), towns: 'Älmhult Borås Eskilstuna Falköping Gävle Härnösand Jönköping Kiruna Luleå Malmö Norrköping Östersund Piteå Rättvik Sälen Trollhättan Umeå Västerås Ystad Ängelholm Åre Örebro Linköping Sundsvall Växjö' },
  { language: 'da', country: 'dk', kinds: kinds('{} Universitet', 'Professionshøjskolen i {}', '{} Tekniske Højskole', 'Handelshøjskolen i {}', 'Musikkonservatoriet i {}', '{} Lægevidenskabelige Universitet', 'Seminariet i {}', '{} Forskningsbibliotek', 'Observatoriet i {}', 'Erhvervsakademiet i {}'), towns: 'Ærøskøbing Birkerød Dragør Esbjerg Fåborg Grenå Hjørring Ikast Jægerspris Køge Løgstør Middelfart Nykøbing Odense Præstø Ringkøbing Sønderborg Tønder Varde Aabenraa Næstved Randers Skive Thisted Vejle' },
  { language: 'fi', country: 'fi', kinds: kinds('{} yliopisto', '{} ammattikorkeakoulu', '{} teknillinen korkeakoulu', '{} kauppakorkeakoulu', '{} musiikkiakatemia', '{} lääketieteellinen yliopisto', '{} opettajakorkeakoulu', '{} tutkimuskirjasto', '{} tähtitorni', '{} ammattiopisto'), towns: 'Äänekoski Espoo Forssa Hämeenlinna Iisalmi Jyväskylä Kemijärvi Lappeenranta Mäntsälä Nokia Oulu Pieksämäki Raahe Savonlinna Tornio Utsjoki Varkaus Ylivieska Seinäjoki Kuopio Pöytyä Rovaniemi Vöyri Närpiö Kärsämäki' },
  { language: 'is', country: 'is', kinds: kinds('Háskólinn á {}', 'Fagháskólinn á {}', 'Tækniháskólinn á {}', 'Viðskiptaháskólinn á {}', 'Tónlistarskólinn á {}', 'Læknaháskólinn á {}', 'Kennaraháskólinn á {}', 'Rannsóknabókasafn {}', 'Stjörnuathugunarstöð {}', 'Iðnskólinn á {}'), towns: 'Akureyri Borgarnes Dalvík Egilsstaðir Flateyri Grundarfjörður Höfn Ísafjörður Keflavík Laugarás Mosfellsbær Neskaupstaður Ólafsvík Patreksfjörður Reykhólar Sauðárkrókur Þórshöfn Vík Þingeyri Hveragerði Bolungarvík Djúpivogur Seyðisfjörður Húsavík Blönduós' },
  { language: 'de', country: 'de', kinds: kinds('Universität {}', 'Hochschule {}', 'Technische Universität {}', 'Handelshochschule {}', 'Hochschule für Musik {}', 'Medizinische Hochschule {}', 'Pädagogische Hochschule {}', 'Forschungsbibliothek {}', 'Sternwarte {}', 'Fachhochschule {}'), towns: 'Aßlar Böblingen Cölbe Düren Eßlingen Fürth Görlitz Höxter Jülich Köthen Lübeck Münster Nürtingen Öhringen Plön Querfurt Rödermark Süßen Tübingen Überlingen Völklingen Würzburg Zörbig Gießen Meißen' },
  { language: 'fr', country: 'fr', kinds: kinds('Université de {}', 'Haute école de {}', 'École polytechnique de {}', 'École de commerce de {}', 'Conservatoire de {}', 'Université de médecine de {}', 'École normale de {}', 'Bibliothèque de recherche de {}', 'Observatoire de {}', 'Lycée technique de {}'), towns: 'Angoulême Besançon Châteauroux Dôle Épinal Fécamp Guéret Hyères Issoudun Lisieux Mâcon Nîmes Orléans Périgueux Quimperlé Riom Saône Thônes Uzès Valréas Ambérieu Béziers Évreux Narbonne Étampes' },
  { language: 'es', country: 'es', kinds: kinds('Universidad de {}', 'Escuela superior de {}', 'Universidad politécnica de {}', 'Escuela de comercio de {}', 'Conservatorio de {}', 'Universidad médica de {}', 'Escuela normal de {}', 'Biblioteca de investigación de {}', 'Observatorio de {}', 'Instituto profesional de {}'), towns: 'Alcañiz Béjar Cádiz Dénia Écija Fuengirola Guadix Huércal Ibáñez Jaén León Málaga Nájera Órgiva Peñíscola Rentería Sagunto Tàrrega Úbeda Vigo Xàtiva Zafra Ávila Logroño Mérida' },
  { language: 'pt', country: 'pt', kinds: kinds('Universidade de {}', 'Escola superior de {}', 'Instituto técnico de {}', 'Escola de comércio de {}', 'Academia de música de {}', 'Universidade de medicina de {}', 'Escola de educação de {}', 'Biblioteca de investigação de {}', 'Observatório de {}', 'Instituto politécnico de {}'), towns: 'Águeda Bragança Chamusca Évora Fátima Guimarães Ílhavo Lagoa Monção Nazaré Óbidos Portimão Régua Santarém Tomar Valença Vimioso Alcobaça Olhão Loulé Mação Sertã Silves Tavira Viseu' },
  { language: 'it', country: 'it', kinds: kinds('Università di {}', 'Scuola superiore di {}', 'Politecnico di {}', 'Scuola di commercio di {}', 'Conservatorio di {}', 'Università di medicina di {}', 'Scuola normale di {}', 'Biblioteca di ricerca di {}', 'Osservatorio di {}', 'Istituto tecnico di {}'), towns: 'Alba Barletta Cefalù Desio Erba Fiè Gorizia Imola Jesi Latina Mondovì Nardò Ortonà Patù Rho Sarnà Todi Udine Vercelli Zelò Cantù Forlì Lodi Marsala Cirò' },
  { language: 'pl', country: 'pl', kinds: kinds('Uniwersytet w {}', 'Wyższa Szkoła w {}', 'Politechnika {}', 'Szkoła Handlowa w {}', 'Akademia Muzyczna w {}', 'Uniwersytet Medyczny w {}', 'Wyższa Szkoła Pedagogiczna w {}', 'Biblioteka Naukowa w {}', 'Obserwatorium {}', 'Technikum w {}'), towns: 'Bełchatów Częstochowa Dęblin Elbląg Głogów Hajnówka Iława Jarosław Kołobrzeg Łowicz Mrągowo Nowogród Oświęcim Piła Rzeszów Świdnica Tarnów Ustroń Wałcz Żywiec Zgierz Chełm Ełk Łęczyca Gołdap' },
  { language: 'cs', country: 'cz', kinds: kinds('Univerzita {}', 'Vysoká škola {}', 'Vysoké učení technické {}', 'Obchodní škola {}', 'Hudební akademie {}', 'Lékařská univerzita {}', 'Pedagogická škola {}', 'Vědecká knihovna {}', 'Hvězdárna {}', 'Průmyslovka {}'), towns: 'Benešov Čáslav Děčín Frýdlant Hodonín Chomutov Jihlava Kroměříž Litoměřice Mělník Náchod Olomouc Příbram Rožnov Šumperk Třebíč Uherčice Vyškov Znojmo Žatec Břeclav Kadaň Říčany Telč Žďár' },
  { language: 'tr', country: 'tr', kinds: kinds('{} Üniversitesi', '{} Uygulamalı Bilimler Üniversitesi', '{} Teknik Üniversitesi', '{} İktisat Okulu', '{} Konservatuvarı', '{} Tıp Üniversitesi', '{} Öğretmen Okulu', '{} Araştırma Kütüphanesi', '{} Gözlemevi', '{} Meslek Yüksekokulu'), towns: 'Ağrı Bilecik Çanakkale Düzce Elazığ Fethiye Gümüşhane Hakkâri Iğdır İzmir Kırşehir Lüleburgaz Muğla Niğde Ordu Öğlebeli Rize Şırnak Tunceli Uşak Ünye Van Yalova Zonguldak Eskişehir' },
  { language: 'el', country: 'gr', kinds: kinds('Πανεπιστήμιο {}', 'Ανώτερη Σχολή {}', 'Πολυτεχνείο {}', 'Εμπορική Σχολή {}', 'Ωδείο {}', 'Ιατρική Σχολή {}', 'Παιδαγωγική Ακαδημία {}', 'Ερευνητική Βιβλιοθήκη {}', 'Αστεροσκοπείο {}', 'Τεχνική Σχολή {}'), towns: 'Άργος/Argos Βόλος/Volos Γρεβενά/Grevena Δράμα/Drama Έδεσσα/Edessa Ζάκυνθος/Zakynthos Θήβα/Thiva Ιωάννινα/Ioannina Καβάλα/Kavala Λαμία/Lamia Μύκονος/Mykonos Νάξος/Naxos Ξάνθη/Xanthi Πάτρα/Patra Ρόδος/Rodos Σέρρες/Serres Τρίκαλα/Trikala Ύδρα/Ydra Φλώρινα/Florina Χίος/Chios Ψαρά/Psara Κιλκίς/Kilkis Κόρινθος/Korinthos Πύργος/Pyrgos Χανιά/Chania' },
  { language: 'ru', country: 'kz', kinds: kinds('{} университет', '{} высшая школа', '{} технический университет', '{} школа экономики', '{} консерватория', '{} медицинский университет', '{} педагогический институт', '{} научная библиотека', '{} обсерватория', '{} политехникум'), towns: 'Алматы/Almaty Байконур/Baikonur Вязьма/Vyazma Гатчина/Gatchina Дубна/Dubna Елец/Yelets Жуковка/Zhukovka Заречный/Zarechny Игарка/Igarka Йошкар/Yoshkar Клин/Klin Луга/Luga Муром/Murom Нарьян/Naryan Орёл/Oryol Псков/Pskov Ржев/Rzhev Сызрань/Syzran Тверь/Tver Углич/Uglich Ферзиково/Ferzikovo Хатанга/Khatanga Чудово/Chudovo Шуя/Shuya Щёлково/Shchyolkovo' },
  { language: 'ar', country: 'eg', kinds: kinds('جامعة {}', 'كلية {} التطبيقية', 'معهد {} للتكنولوجيا', 'مدرسة {} للاقتصاد', 'أكاديمية {} للموسيقى', 'جامعة {} الطبية', 'كلية {} للتربية', 'مكتبة {} للبحوث', 'مرصد {}', 'معهد {} الفني'), towns: 'أسوان/Aswan بنها/Banha جرجا/Girga دمياط/Damietta رشيد/Rosetta سوهاج/Sohag شبين/Shibin طنطا/Tanta العريش/Arish غزالة/Ghazala الفيوم/Faiyum قنا/Qena كفر/Kafr الأقصر/Luxor المنيا/Minya نجع/Naga الواحات/Wahat يوسف/Yusuf أسيوط/Asyut إدفو/Edfu بورسعيد/Portsaid حلوان/Helwan زفتى/Zefta سمنود/Samannud المنصورة/Mansoura' },
  { language: 'he', country: 'il', kinds: kinds('אוניברסיטת {}', 'המכללה האקדמית {}', 'המכון הטכנולוגי {}', 'בית הספר לכלכלה {}', 'האקדמיה למוסיקה {}', 'האוניברסיטה הרפואית {}', 'המכללה לחינוך {}', 'ספריית המחקר {}', 'מצפה הכוכבים {}', 'הפוליטכניון {}'), towns: 'אילת/Eilat בנימינה/Binyamina גדרה/Gedera דימונה/Dimona הרצליה/Herzliya ורד/Vered זכרון/Zikhron חולון/Holon טבריה/Tiberias יבנה/Yavne כרמיאל/Karmiel לוד/Lod מודיעין/Modiin נתניה/Netanya סחנין/Sakhnin עפולה/Afula פתח/Petah צפת/Safed קצרין/Katzrin רעננה/Raanana שדרות/Sderot תמר/Tamar אשדוד/Ashdod נהריה/Nahariya ערד/Arad' },
  { language: 'th', country: 'th', kinds: kinds('มหาวิทยาลัย{}', 'วิทยาลัยวิทยาศาสตร์ประยุกต์{}', 'สถาบันเทคโนโลยี{}', 'วิทยาลัยเศรษฐศาสตร์{}', 'สถาบันดนตรี{}', 'มหาวิทยาลัยแพทย์{}', 'วิทยาลัยครู{}', 'หอสมุดวิจัย{}', 'หอดูดาว{}', 'โรงเรียนสารพัดช่าง{}'), towns: 'กระบี่/Krabi ขอนแก่น/Khonkaen จันทบุรี/Chanthaburi ชุมพร/Chumphon ตราด/Trat นครพนม/Nakhonphanom น่าน/Nan บึงกาฬ/Buengkan ปัตตานี/Pattani พะเยา/Phayao แพร่/Phrae ภูเก็ต/Phuket ยโสธร/Yasothon ระนอง/Ranong ลำพูน/Lamphun เลย/Loei ศรีสะเกษ/Sisaket สงขลา/Songkhla สตูล/Satun สุรินทร์/Surin หนองคาย/Nongkhai อ่างทอง/Angthong อุดรธานี/Udonthani พัทลุง/Phatthalung ตาก/Tak' },
  { language: 'zh', country: 'tw', kinds: kinds('{}大学', '{}应用科学大学', '{}理工学院', '{}经济学院', '{}音乐学院', '{}医科大学', '{}师范学院', '{}研究图书馆', '{}天文台', '{}职业学院'), towns: '台北/Taipei 高雄/Kaohsiung 新竹/Hsinchu 嘉义/Chiayi 基隆/Keelung 花莲/Hualien 宜兰/Yilan 屏东/Pingtung 云林/Yunlin 南投/Nantou 彰化/Changhua 苗栗/Miaoli 桃园/Taoyuan 金门/Kinmen 马祖/Matsu 澎湖/Penghu 台东/Taitung 台中/Taichung 台南/Tainan 鹿港/Lukang 淡水/Tamsui 竹北/Zhubei 员林/Yuanlin 斗六/Douliu 北投/Beitou' },
  { language: 'ja', country: 'jp', kinds: kinds('{}大学', '{}応用科学大学', '{}工業大学', '{}経済大学', '{}音楽学院', '{}医科大学', '{}教育大学', '{}研究図書館', '{}天文台', '{}高等専門学校'), towns: '旭川/Asahikawa 弘前/Hirosaki 鶴岡/Tsuruoka 会津/Aizu 高崎/Takasaki 松本/Matsumoto 金沢/Kanazawa 敦賀/Tsuruga 彦根/Hikone 奈良/Nara 鳥取/Tottori 松江/Matsue 倉敷/Kurashiki 萩/Hagi 高松/Takamatsu 今治/Imabari 佐賀/Saga 長崎/Nagasaki 別府/Beppu 延岡/Nobeoka 出水/Izumi 那覇/Naha ひたち/Hitachi さいたま/Saitama つくば/Tsukuba' },
  { language: 'ko', country: 'kr', kinds: kinds('{}대학교', '{}응용과학대학교', '{}공과대학교', '{}경제대학교', '{}음악원', '{}의과대학교', '{}교육대학교', '{}연구도서관', '{}천문대', '{}전문대학'), towns: '강릉/Gangneung 경주/Gyeongju 공주/Gongju 광양/Gwangyang 구미/Gumi 군산/Gunsan 김천/Gimcheon 나주/Naju 남원/Namwon 목포/Mokpo 밀양/Miryang 보령/Boryeong 사천/Sacheon 상주/Sangju 속초/Sokcho 순천/Suncheon 안동/Andong 여수/Yeosu 영주/Yeongju 원주/Wonju 익산/Iksan 전주/Jeonju 진주/Jinju 창원/Changwon 통영/Tongyeong' },
]

// Beyond the first of a kind in a town, its parts.
const PARTS = ['', 'North', 'South', 'East', 'West', 'Central'] as const
const COMPASS: Readonly<Record<string, string>> = { North: 'N', South: 'S', East: 'E', West: 'W', Central: 'C' }

function slug(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ø', 'o').replaceAll('æ', 'ae').replaceAll('ß', 'ss').replaceAll('ł', 'l').replaceAll('ı', 'i').replaceAll('ð', 'd').replaceAll('þ', 'th').replaceAll(/[^a-z0-9]+/g, '')
}

function institution(tongue: Tongue, kind: Tongue['kinds'][number], town: string, part: (typeof PARTS)[number]): Provider {
  const [name, english, letters] = kind
  const [native = '', latin = native] = town.split('/')
  const suffix = part === '' ? '' : ` ${part}`
  const short = `${latin.slice(0, 2).toUpperCase()}${letters}${COMPASS[part] ?? ''}`
  const id = `${tongue.country}-${slug(latin)}-${letters.toLowerCase()}${part === '' ? '' : `-${part.toLowerCase()}`}`
  return {
    provider_id: id,
    protocol: 'local',
    name: { [tongue.language]: name.replace('{}', native) + suffix, en: english.replace('{}', latin) + suffix },
    country: tongue.country,
    realms: [`${letters.toLowerCase()}${part.toLowerCase()}.${slug(latin)}.${tongue.country}.example`],
    keywords: [short],
    disabled: false,
  }
}


/** The first `count` of the made-up institutions: all languages are in any thousand. */
export function institutions(count: number): readonly Provider[] {
  const all = PARTS.flatMap((part) => Array.from({ length: 25 }, (_town, t) => ENGLISH.flatMap((_kind, k) => tongues.flatMap((tongue) => {
    const kind = tongue.kinds[k]
    const town = tongue.towns.split(' ')[t]
    return kind === undefined || town === undefined ? [] : [institution(tongue, kind, town, part)]
  }))).flat())
  return all.slice(0, count)
}

/** How many languages they are named in. */
export const languages: readonly string[] = [...new Set(tongues.map(({ language }) => language))]

const CHUNK = 500

/** Puts them into the database, as the import of a federation does. */
export async function saveInstitutions({ db }: Pick<Context, 'db'>, providers: readonly Provider[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (let from = 0; from < providers.length; from += CHUNK) {
      const some = providers.slice(from, from + CHUNK)
      await saveFederatedProviders(trx, 'made-up', some.map((provider) => ({ provider, hash: sha256(JSON.stringify(provider)) })))
    }
    await raiseCacheVersion(trx, 'providers')
  })
}
