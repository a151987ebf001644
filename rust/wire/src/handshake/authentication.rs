//! The TLS of an authentication by EAP, once that is over.

use super::{Conversation, Told, Transport};
use crate::carrier::Carrier;
use crate::eap::{self, Method, Verdict};
use crate::stream::Ended;

impl Conversation {
    /// What it has to tell of an authentication. How that went says how the TLS went: whoever was
    /// let in has finished it. Of a tunnel that was finished, a failure is one of what was inside;
    /// EAP-TLS has nothing inside.
    pub fn tell_authentication(ended: eap::Ended<Self>, tell: &mut dyn FnMut(Told)) {
        let mut observer = ended.observer;
        let transcript = &mut observer.transcript;
        transcript.transport = Transport::Eap;
        transcript.carrier = carrier(ended.method);
        transcript.target = ended.identity;
        let draft = &mut transcript.draft;
        match ended.verdict {
            Some(Verdict::Success) => {
                draft.completed |= draft.offer.is_some() && draft.choice.is_some();
            }
            Some(Verdict::Failure) => {
                draft.closed = Some(eap::AUTHENTICATOR);
                draft.completed &= ended.method != Method::Tls;
            }
            None => {}
        }
        let peer_mac = ended.peer_mac;
        let peer = ended.parties.of(eap::PEER).clone();
        let ended = Ended {
            number: ended.number,
            parties: ended.parties,
            around: None,
            captured: ended.captured,
            end: None,
            evicted: ended.evicted,
            observer,
        };
        Self::tell(ended, &mut |mut told| {
            if let Told::Handshake(row) = &mut told {
                row.client_mac = peer_mac.filter(|_| row.client == peer);
            }
            tell(told);
        });
    }
}

fn carrier(method: Method) -> Carrier {
    match method {
        Method::Tls => Carrier::EapTls,
        Method::Ttls => Carrier::Ttls,
        Method::Peap => Carrier::Peap,
        Method::Fast => Carrier::EapFast,
        Method::Teap => Carrier::Teap,
    }
}
