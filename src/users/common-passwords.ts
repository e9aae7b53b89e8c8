// The words that most guessed passwords are made of, lower case, with digits for letters undone: what password lists of every breach begin
// with, and what people in the languages of the pages choose. A password is common when nothing but one of these is left of it.

export const commonWords: ReadonlySet<string> = new Set(
  `password passord passordet lösenord losenord salasana passwort motdepasse contraseña contrasena senha wachtwoord qwerty qwertyuiop qwertyui
  qwertz qwertzui azerty asdfgh asdfghjk asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qweasd qweasdzxc asdf asdfasdf qwer qwerqwer abcd abcdef abcdefgh
  abc abcabc letmein welcome welcomeback velkommen tervetuloa valkommen välkommen iloveyou ilove jegelskerdeg jagalskardig minärakastansinua trustno
  monkey dragon football fotball fotboll jalkapallo baseball basketball hockey soccer master superman batman spiderman pokemon starwars
  princess prinsesse prinsessa sunshine solskinn solsken shadow michael jennifer jordan charlie ashley andrew thomas daniel matthew joshua anthony
  jessica amanda nicole samantha whatever freedom killer secret hemmelig hemlig salainen computer datamaskin tietokone internet google facebook
  twitter linkedin instagram youtube microsoft windows apple samsung android admin administrator administrateur root system guest user username bruker
  kayttaja käyttäjä användare anvandare test testing tester testtest default changeme changeit temp temporary login logon logginn kirjaudu loggain
  access hello hallo heisann moimoi hejhej hei hallohallo cookie cheese chocolate sjokolade suklaa choklad banana banan orange purple yellow silver
  summer sommer sommar kesä kesa winter vinter talvi spring autumn høst host syksy january february march april august september october
  november december juli juni monday mandag måndag mandag friday fredag perjantai norge norway noreg oslo bergen trondheim tromsø tromso stavanger
  suomi finland helsinki turku tampere sverige sweden stockholm göteborg goteborg uppsala danmark denmark københavn island iceland
  student studenten students university universitet universitetet yliopisto college school skole skola koulu høgskole hogskole högskola hogskola teacher lærer larare
  liverpool arsenal chelsea barcelona manchester united rosenborg brann viking messi ronaldo ferrari mercedes porsche harley mustang corvette
  butterfly sommerfugl flower blomst angel engel angels lovely loveme love lovelove babygirl baby buster pepper ginger maggie tigger hunter ranger
  thunder cowboy steelers yankees eagles dallas london paris newyork america maria anna mamma pappa mama papa mother father family familie familj
  jesus christ god heaven matrix phoenix falcon diamond diamant gold nothing something anything everything nobody passw passwd pass pwd pw word
  portner account konto tili service secure security sikkerhet säkerhet turvallisuus correcthorsebatterystaple`.split(/\s+/),
)
