"""Mail domains of providers: where private people have their box, and where nobody keeps one.

A subdomain of a listed domain counts as well. The lists hold what forms meet often; they are no
register of all such domains.
"""

from __future__ import annotations

from typing import Final

_FREE: Final = """
126.com 139.com 163.com 189.cn 1und1.de 21cn.com abv.bg aim.com alice-dsl.net alice.it aliyun.com
aol.co.uk aol.com aol.de aol.fr aol.jp aol.ne.jp aon.at arcor.de asahi-net.or.jp att.net au.com
auhikari.jp auone.jp azet.sk bbiq.jp bbox.fr bbtec.net bell.net bellsouth.net biglobe.ne.jp
bigpond.com bigpond.net.au bk.ru bluewin.ch blueyonder.co.uk bol.com.br broadpark.no
btinternet.com btopenworld.com centrum.cz centurylink.net charter.net citromail.hu
club-internet.fr comcast.net comhem.se commufa.jp cox.net daum.net dion.ne.jp disney.ne.jp
docomo.ne.jp earthlink.net eircom.net email.com email.de emnet.ne.jp emobile-s.ne.jp emobile.ne.jp
eonet.ne.jp excite.co.jp ezweb.ne.jp fastmail.com fastmail.fm fastwebnet.it foxmail.com free.fr
freemail.hu freeml.com freenet.de frontier.com globo.com gmail.com gmx.at gmx.ch gmx.com gmx.de
gmx.fr gmx.net gmx.us goo.jp goo.ne.jp googlemail.com hanmail.net hetnet.nl hi-ho.ne.jp hinet.net
hispeed.ch home.nl hotmail.be hotmail.ca hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar
hotmail.com.br hotmail.de hotmail.dk hotmail.es hotmail.fr hotmail.gr hotmail.it hotmail.nl
hotmail.no hotmail.se hushmail.com i.softbank.jp i.ua icloud.com ig.com.br iinet.net.au inbox.ru
indiatimes.com infoseek.jp infoweb.ne.jp inode.at inter7.jp interia.pl inwind.it iol.it
jcom.home.ne.jp jcom.zaq.ne.jp jp-c.ne.jp jp-d.ne.jp jp-h.ne.jp jp-k.ne.jp jp-n.ne.jp jp-q.ne.jp
jp-r.ne.jp jp-s.ne.jp jp-t.ne.jp juno.com kabelmail.de kakao.com kpnmail.nl laposte.net libero.it
list.ru live.be live.ca live.cn live.co.uk live.com live.com.au live.com.mx live.de live.dk
live.fr live.it live.jp live.nl live.no live.se livedoor.com mac.com mail.bg mail.com mail.de
mail.dk mail.goo.ne.jp mail.ru mailbox.org me.com meta.ua mineo.jp mopera.net msn.com myyahoo.com
nate.com naver.com netvigator.com netzero.net neuf.fr nifty.com nifty.ne.jp ntlworld.com
numericable.fr o2.pl o2online.de ocn.ne.jp odn.ne.jp onet.pl online.de online.no op.pl
optonline.net optusnet.com.au orange.fr outlook.at outlook.be outlook.co.uk outlook.com
outlook.com.au outlook.com.br outlook.de outlook.dk outlook.es outlook.fr outlook.ie outlook.in
outlook.it outlook.jp outlook.kr outlook.sa passport.com pchome.com.tw pdx.ne.jp plala.or.jp
planet.nl plus.net pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rakumail.jp
rakuten.jp rambler.ru rediff.com rediffmail.com roadrunner.com rocketmail.com rogers.com
sbcglobal.net seed.net.tw seznam.cz sfr.fr shaw.ca sify.com sina.cn sina.com singnet.com.sg
sky.com skynet.be so-net.ne.jp softbank.ne.jp sohu.com spray.se sunrise.ch sympatico.ca
t-online.de talktalk.net telefonica.net telenet.be telia.com telus.net terra.com.br terra.es
tiki.ne.jp tin.it tiscali.co.uk tiscali.it tlen.pl tom.com tpg.com.au tuta.com tuta.io
tutamail.com tutanota.com tutanota.de ukr.net uol.com.br upcmail.nl uqmobile.jp usa.com
verizon.net versanet.de videotron.ca vip.163.com virgilio.it virginmedia.com vodafone.de
vodafone.ne.jp vodafonemail.de wanadoo.fr wcm.ne.jp web.de willcom.com windowslive.com
windstream.net wo.cn wp.pl xs4all.nl xtra.co.nz y-mobile.ne.jp ya.ru yahoo.at yahoo.be yahoo.ca
yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.kr yahoo.co.nz yahoo.co.uk yahoo.co.za yahoo.com
yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.hk yahoo.com.mx yahoo.com.ph yahoo.com.sg
yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.in yahoo.it
yahoo.ne.jp yahoo.nl yahoo.no yahoo.pl yahoo.ro yahoo.se yandex.com yandex.ru ybb.ne.jp yeah.net
ymail.com ymail.ne.jp ymobile.ne.jp ymobile1.ne.jp zaq.ne.jp ziggo.nl zoho.com zohomail.com
"""
_DISPOSABLE: Final = """
10mail.org 10mail.tk 10minmail.de 10minutemail.be 10minutemail.co.uk 10minutemail.com
10minutemail.de 10minutemail.net 10minutemail.org 10minutesmail.com 20mail.it 20minutemail.com
20minutemail.it 30minutemail.com 3d-painting.com 5mail.ga 60minutemail.com 675hosting.com 6paq.com
6url.com 9ox.net a-bc.net abyssmail.com afrobacon.com ajaxapp.net amilegit.com anonbox.net
anonmails.de anonymail.dk anonymbox.com antichef.com antichef.net antireg.ru antispam.de
antispammail.de armyspy.com azmeil.tk baxomale.ht.cx beefmilk.com binkmail.com bio-muesli.net
bobmail.info bodhi.lawlita.com bofthew.com bootybay.de bouncr.com boxformail.in brefmail.com
brennendesreich.de broadbandninja.com bugmenot.com bumpymail.com burnermail.io burstmail.info
byom.de casualdx.com centermail.com chammy.info cheatmail.de chogmail.com clixser.com cmail.net
correo.blogos.net cosmorph.com courriel.fr.nf courrieltemporaire.com crapmail.org crazymailing.com
cubiclink.com curryworld.de cust.in cuvox.de d3p.dk dandikmail.com dayrep.com dcemail.com
deadaddress.com deadspam.com despam.it despammed.com devnullmail.com digitalsanctuary.com
discard.email discardmail.com discardmail.de dispomail.eu disposable.ml disposableaddress.com
disposableemailaddresses.com disposableinbox.com dispose.it dispostable.com dodgeit.com dodgit.com
dodgit.org donemail.ru dontreg.com dontsendmespam.de drdrb.com drdrb.net dropmail.me
dump-email.info dumpandjunk.com dumpmail.de dumpyemail.com easytrashmail.com einmalmail.de
einrot.com einrot.de email-fake.com emaildienst.de emailfake.com emailgo.de emailigo.de
emailinfive.com emaillime.com emailmiser.com emailondeck.com emailsensei.com emailtemporanea.com
emailtemporanea.net emailtemporar.ro emailtemporario.com.br emailthe.net emailtmp.com
emailwarden.com emailx.at.hm emailxfer.com emeil.in emeil.ir emz.net evopo.com explodemail.com
eyepaste.com fakeinbox.com fakeinformation.com fakemail.fr fakemail.net fakemailgenerator.com
fansworldwide.de fantasymail.de fiifke.de filzmail.com fivemail.de fleckens.hu flyspam.com
fr33mail.info frapmail.com fudgerub.com fyii.de garliclife.com get1mail.com get2mail.fr
getairmail.com getmails.eu getnada.com getonemail.com getonemail.net ghosttexter.de gishpuppy.com
goemailgo.com greensloth.com grr.la gsrv.co.uk guerillamail.biz guerillamail.com guerillamail.net
guerillamail.org guerrillamail.biz guerrillamail.com guerrillamail.de guerrillamail.info
guerrillamail.net guerrillamail.org guerrillamailblock.com gustr.com harakirimail.com hatespam.org
hidemail.de hidzz.com hmamail.com hochsitze.com hotpop.com hulapla.de ieatspam.eu ieatspam.info
imails.info imgof.com imstations.com inboxalias.com inboxbear.com inboxclean.com inboxclean.org
inboxkitten.com incognitomail.com incognitomail.net incognitomail.org insorg-mail.info
instaddr.com instaddr.win instant-mail.de ip6.li irish2me.com jetable.com jetable.fr.nf
jetable.net jetable.org jnxjn.com jourrapide.com jsrsolutions.com kasmail.com kaspop.com
killmail.com killmail.net klassmaster.com klzlk.com koszmail.pl kurzepost.de lawlita.com
letthemeatspam.com lhsdv.com lifebyfood.com link2mail.net litedrop.com lookugly.com lortemail.dk
lr78.com lroid.com lukop.dk m21.cc m4ilweb.info maboard.com mail-filter.com mail-temp.com
mail-temporaire.fr mail.mezimages.net mail.tm mail114.net mail1a.de mail21.cc mail2rss.org
mail4trash.com mailbidon.com mailbiz.biz mailblocks.com mailbucket.org mailcat.biz mailcatch.com
mailde.de mailde.info maildrop.cc maildx.com maileater.com mailed.ro maileimer.de mailexpire.com
mailfa.tk mailforspam.com mailfreeonline.com mailfs.com mailguard.me mailhz.me mailimate.com
mailin8r.com mailinater.com mailinator.com mailinator.net mailinator.org mailinator.us
mailinator2.com mailincubator.com mailismagic.com mailjunk.cf mailmate.com mailme.lv mailme24.com
mailmetrash.com mailmoat.com mailms.com mailnator.com mailnesia.com mailnull.com mailorg.org
mailpick.biz mailpoof.com mailrock.biz mailsac.com mailscrap.com mailshell.com mailsiphon.com
mailslapping.com mailslite.com mailtemp.info mailtome.de mailtothis.com mailtrash.net mailtv.net
mailtv.tv mailzilla.com mailzilla.org makemetheking.com manybrain.com mbx.cc meltmail.com
messagebeamer.de mezimages.net mierdamail.com migmail.pl mintemail.com minuteinbox.com moakt.cc
moakt.com mohmal.com moncourrier.fr.nf monemail.fr.nf monmail.fr.nf monumentmail.com mt2009.com
mt2014.com mx0.wwwnew.eu mycleaninbox.net mypartyclip.de myphantomemail.com mysamp.de mytemp.email
mytempemail.com mytempmail.com mytrashmail.com nabuma.com nada.email nepwk.com nervmich.net
nervtmich.net netmails.com netmails.net netzidiot.de neverbox.com nincsmail.hu no-spam.ws
nobulk.com noclickemail.com nogmailspam.info nomail.xl.cx nomail2me.com nomorespamemails.com
nospam.ze.tc nospam4.us nospamfor.us nospammail.net notmailinator.com nowhere.org nowmymail.com
nurfuerspam.de objectmail.com obobbo.com oneoffemail.com onewaymail.com oopi.org
ordinaryamerican.net otherinbox.com ourklips.com outlawspam.com owlpic.com pancakemail.com
pjjkp.com plexolan.de politikerclub.de poofy.org pookmail.com proxymail.eu prtnx.com
putthisinyourspamdatabase.com quickinbox.com rcpt.at reallymymail.com realtyalerts.ca recursor.net
reliable-mail.com rhyta.com rmqkr.net rtrtr.com s0ny.net safersignup.de safetymail.info
safetypost.de sandelf.de saynotospams.com schafmail.de selfdestructingmail.com sendspamhere.com
sharedmailbox.org sharklasers.com shieldedmail.com shiftmail.com sibmail.com skeefmail.com
slaskpost.se slopsbox.com smashmail.de smellfear.com snakemail.com sneakemail.com snkmail.com
sofimail.com sofort-mail.de sogetthis.com soodonims.com spam.la spam.su spam4.me spamavert.com
spambob.com spambob.net spambob.org spambog.com spambog.de spambog.ru spambox.info spambox.us
spamcannon.com spamcannon.net spamcero.com spamcon.org spamcorptastic.com spamcowboy.com
spamcowboy.net spamcowboy.org spamday.com spamex.com spamfree.eu spamfree24.com spamfree24.de
spamfree24.org spamherelots.com spamhole.com spamify.com spaminator.de spamkill.info spaml.com
spaml.de spammotel.com spamobox.com spamoff.de spamslicer.com spamspot.com spamthis.co.uk
spamthisplease.com spamtrail.com speed.1s.fr spoofmail.de stuffmail.de super-auswahl.de
supergreatmail.com superrito.com superstachel.de suremail.info tagyourself.com teleworm.com
teleworm.us temp-mail.com temp-mail.de temp-mail.io temp-mail.org temp-mail.ru tempail.com
tempalias.com tempe-mail.com tempemail.biz tempemail.co.za tempemail.com tempemail.net
tempinbox.co.uk tempinbox.com tempmail.dev tempmail.eu tempmail.it tempmail.plus tempmail2.com
tempmaildemo.com tempmailer.com tempmailer.de tempomail.fr temporarily.de temporarioemail.com.br
temporaryemail.net temporaryemail.us temporaryforwarding.com temporaryinbox.com
temporarymailaddress.com tempr.email thanksnospam.info thankyou2010.com thisisnotmyrealemail.com
thismail.net throwam.com throwawayemailaddress.com throwawaymail.com tilien.com tittbit.in
tmail.ws tmailinator.com tmpmail.net tmpmail.org toiea.com tradermail.info trash-amil.com
trash-mail.at trash-mail.com trash-mail.de trash2009.com trashdevil.com trashemail.de trashmail.at
trashmail.com trashmail.de trashmail.io trashmail.me trashmail.net trashmail.org trashmail.ws
trashmailer.com trashymail.com trashymail.net trbvm.com trialmail.de trillianpro.com turual.com
twinmail.de tyldd.com uggsrock.com uroid.com venompen.com veryrealemail.com viditag.com
viewcastmedia.com vomoto.com vsimcard.com vubby.com walala.org walkmail.net webemail.me
webm4il.info weg-werf-email.de wegwerf-email-addressen.de wegwerfadresse.de wegwerfemail.com
wegwerfemail.de wegwerfemail.info wegwerfemail.net wegwerfemail.org wegwerfmail.de
wegwerfmail.info wegwerfmail.net wegwerfmail.org wetrainbayarea.com wh4f.org whatiaas.com
whatpaas.com whyspam.me willhackforfood.biz willselfdestruct.com winemaven.info wronghead.com
wuzup.net wuzupmail.net xagloo.com xemaps.com xents.com xmaily.com xoxy.net yapped.net
yogamaven.com yomail.info yopmail.com yopmail.fr yopmail.net yopweb.com you-spam.com yuurok.com
zehnminutenmail.de zippymail.info zoaxe.com zoemail.com zoemail.net zoemail.org zomg.info
"""

#: Free mail and the mail of mobile and internet providers: a person, not a company.
FREE_DOMAINS: Final = frozenset(_FREE.split())
#: Boxes that are thrown away after minutes.
DISPOSABLE_DOMAINS: Final = frozenset(
    ["sute.jp", *_DISPOSABLE.split()]  # codespell:ignore sute
)
